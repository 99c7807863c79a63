import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import golden from '../../test/golden/unicode.json' with { type: 'json' }
import { translate } from './expression.js'
import { ACCENT, lowercase, normalForm, NUMERIC, PUNCTUATION, ANY_SPACE, WORD_CHARACTER } from './unicode.js'

const all = Array.from({ length: 0x110000 }, (_, code) => code).filter(code => code < 0xd800 || code >= 0xe000)

/** As tools/golden/tokenizer_unicode.py has it. */
function digestOf(source: string): string {
  const expression = new RegExp(`^(?:${source})$`, 'v')
  const points = all.filter(code => expression.test(String.fromCodePoint(code)))
  return createHash('sha256')
    .update(points.map(code => `${code},`).join(''))
    .digest('hex')
}

describe(`characters are those of ${golden.origin}`, () => {
  test.each(Object.entries(golden.expressions))('%s', (expression, digest) => {
    const source = /^\w{1,8}$/.test(expression) ? `\\p{${expression}}` : expression
    expect(digestOf(translate(source, true, 'test'))).toBe(digest)
  })

  const { numeric, punctuation, white, word, accents } = golden.classes
  test.each([
    ['numeric', NUMERIC, numeric],
    ['punctuation', PUNCTUATION, punctuation],
    ['white space', ANY_SPACE, white],
    ['words', WORD_CHARACTER, word],
    ['accents', ACCENT, accents]
  ])('%s', (_, source, digest) => {
    expect(digestOf(source)).toBe(digest)
  })

  const marks = '\u0334\u0316\u0301\u0345'
  // Ideographs and private use have neither forms nor classes of their own.
  const plain = [
    [0x3400, 0x4dbf],
    [0x4e00, 0x9fff],
    [0xe000, 0xf8ff],
    [0x17000, 0x18cff],
    [0x20000, 0x2f7ff],
    [0x30000, 0xdffff],
    [0xe01f0, 0x10ffff]
  ]
  const withForms = all.filter(code => !plain.some(([first, last]) => code >= first && code <= last))
  test.each(['NFC', 'NFD', 'NFKC', 'NFKD'] as const)('%s', form => {
    const hash = createHash('sha256')
    for (const code of withForms) {
      const character = String.fromCodePoint(code)
      const beside = Array.from(marks, mark => `a${mark}${character} a${character}${mark}`)
      hash.update(`${normalForm([character, ...beside].join(' '), form)}\n`)
    }
    expect(hash.digest('hex')).toBe(golden.forms[form])
  })

  test('small letters', () => {
    const small = all.map(code => lowercase(String.fromCodePoint(code))).join('')
    expect(createHash('sha256').update(small).digest('hex')).toBe(golden.lower)
    expect(lowercase('ΟΔΟΣ ΣΑΣ')).toBe('οδοσ σασ')
  })
})
