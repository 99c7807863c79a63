import { fc, test } from '@fast-check/vitest'
import type { Tokenizer } from '@skipwise/core'
import { byteTokenizer } from '@skipwise/testing'
import { describe, expect, it } from 'vitest'
import { passkeyDocument } from './passkey-document.js'

/** Words cut into pieces of three characters, a vocabulary that grows: uneven tokens per word, as BPE gives. */
function pieceTokenizer(addBos: boolean): Tokenizer {
  const ids = new Map<string, number>()
  const pieces: string[] = []
  return {
    vocabSize: 4096,
    bosId: 4095,
    eosId: undefined,
    addBos,
    encode: text =>
      Int32Array.from(text.match(/\n|\s?[^\s]{1,3}/g) ?? [], piece => {
        if (!ids.has(piece)) ids.set(piece, pieces.push(piece) - 1)
        return ids.get(piece) as number
      }),
    decode: list => Array.from(list, id => pieces[id] ?? '').join('')
  }
}

const real = (tokenizer: Tokenizer, text: string) => tokenizer.encode(text).length + (tokenizer.addBos ? 1 : 0)

describe('passkeyDocument', () => {
  it('has the wording of the paper', () => {
    const { prompt, answer } = passkeyDocument(byteTokenizer(), { length: 520, depth: 0.5, key: '12345' })
    expect((prompt + answer).split('\n')).toEqual([
      'There is an important info hidden inside a lot of irrelevant text. Find it and memorize them. I will quiz you about the important information there.',
      'The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again. The grass is green. The sky is blue. The sun is yellow.',
      'The pass key is 12345. Remember it. 12345 is the pass key.',
      'The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again. The grass is green. The sky is',
      'What is the pass key? The pass key is 12345.'
    ])
  })

  // 'There and back again.' is the longest noise sentence; a document may be shorter than asked by less than a word,
  // and so by less than it.
  test.prop(
    [
      fc.integer({ min: 420, max: 6000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: 10000, max: 99999 }),
      fc.boolean(),
      fc.boolean()
    ],
    { numRuns: 60 }
  )('has at most the tokens asked for, and is within a word of them', (length, depth, key, bytes, addBos) => {
    const tokenizer = bytes ? byteTokenizer({ addBos }) : pieceTokenizer(addBos)
    const document = passkeyDocument(tokenizer, { length, depth, key: String(key) })
    expect(document.tokens).toBe(real(tokenizer, document.prompt + document.answer))
    expect(document.answerTokens).toBe(document.tokens - real(tokenizer, document.prompt))
    expect(document.tokens).toBeLessThanOrEqual(length)
    expect(document.tokens).toBeGreaterThan(length - 1 - ' yellow.'.length)
    expect(document.answer).toBe(` ${key}.`)
    expect(document.prompt.indexOf(`The pass key is ${key}.`)).toBeGreaterThan(0)
  })

  test.prop([fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })])(
    'puts the key within two sentences of the depth asked for, after a whole sentence',
    depth => {
      const tokenizer = byteTokenizer()
      const document = passkeyDocument(tokenizer, { length: 4096, depth, key: '71432' })
      expect(Math.abs(document.depth - depth)).toBeLessThan((2 * 'There and back again. '.length) / 3700)
      const head = document.prompt.slice(0, document.keyPosition - 1)
      expect(document.prompt.slice(head.length)).toMatch(/^\nThe pass key is 71432\./)
      expect(head).toMatch(/\.$/)
    }
  )

  it('leaves room for more generated tokens than the answer has', () => {
    const tokenizer = byteTokenizer()
    const { prompt } = passkeyDocument(tokenizer, { length: 1000, depth: 0.2, key: '71432', reserve: 30 })
    expect(real(tokenizer, prompt) + 30).toBeLessThanOrEqual(1000)
    expect(real(tokenizer, prompt) + 30).toBeGreaterThan(990)
  })

  it('uses few encodings however long the document', () => {
    let encodings = 0
    const tokenizer = byteTokenizer()
    const counting = { ...tokenizer, encode: (text: string) => (encodings++, tokenizer.encode(text)) }
    expect(passkeyDocument(counting, { length: 131072, depth: 0.9, key: '71432' }).tokens).toBeGreaterThan(131072 - 9)
    expect(encodings).toBeLessThan(12)
  })

  it('takes any noise, also without full stops', () => {
    const { prompt } = passkeyDocument(byteTokenizer(), { length: 500, depth: 0, key: '7', noise: 'la' })
    expect(prompt).toContain('la la la')
  })

  it('refuses a length without room and a noise without words', () => {
    expect(() => passkeyDocument(byteTokenizer(), { length: 100, depth: 0, key: '71432' })).toThrow('PASSKEY_LENGTH')
    expect(() => passkeyDocument(byteTokenizer(), { length: 1000, depth: 0, key: '71432', noise: ' \n' })).toThrow(
      'PASSKEY_NOISE'
    )
  })
})
