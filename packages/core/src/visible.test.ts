import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { SkipwiseError, SkipwiseErrors } from './errors.js'
import { ERROR_CHARACTERS, ERRORS_TOLD } from './limits.js'
import { shortened, visible, visibleJson, visibleJsonText, visibleLines } from './visible.js'

/** What no text at a border may hold: written out, so that it does not follow the code. */
const OBEYED =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/** Texts full of what terminals obey. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '\u001b]0;pwned\u0007',
        '\u001b[31m',
        '\u009b2J',
        '\r',
        '\n',
        '\t',
        '\u202egnp.exe',
        '\u2066',
        '\u2028',
        '\ud83d',
        '\udc00',
        '😀',
        'é',
        '\0'
      )
    )
  )
  .map(parts => parts.join(''))

describe('visible', () => {
  test.each([
    ['llama\u001b]0;pwned\u0007', 'llama\\x1b]0;pwned\\x07'],
    ['a\u009b2Jb\u007f', 'a\\x9b2Jb\\x7f'],
    ['a\r\nb\tc', 'a\\r\\nb\\tc'],
    ['photo\u202egnp.exe\u2028\u061c', 'photo\\u202egnp.exe\\u2028\\u061c'],
    ['\ud83d half 😀 whole', '\\ud83d half 😀 whole'],
    ['naïve 日本語 العربية 👩‍👧 C:\\new', 'naïve 日本語 العربية 👩‍👧 C:\\new']
  ])('shows %j', (text, shown) => expect(visible(text)).toBe(shown))

  test.prop([hostile])('leaves nothing that is obeyed, and what is visible as it is', text => {
    expect(visible(text)).not.toMatch(OBEYED)
    expect(visible(visible(text))).toBe(visible(text))
    expect(visibleLines(text).replace(/[\n\t]/g, '')).not.toMatch(OBEYED)
    expect(visible(visibleLines(text))).toBe(visible(text))
  })
})

describe('visibleJson', () => {
  test.prop([fc.jsonValue(), hostile])(
    'leaves nothing that is obeyed, and reads back as the same value',
    (value, text) => {
      const whole = { value, [text]: text }
      const json = visibleJson(whole, 2)
      expect(json.replaceAll('\n', '')).not.toMatch(OBEYED)
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(whole)))
      expect(visibleJsonText(json)).toBe(json)
    }
  )

  test('refuses what is no value', () => {
    expect(() => visibleJson(undefined)).toThrow(TypeError)
  })
})

describe('errors', () => {
  test.prop([hostile, hostile])('hold nothing that is obeyed but line feeds and tabs', (problem, fix) => {
    const error = new SkipwiseError('A_CODE', { problem, fix })
    for (const text of [error.message, error.problem, error.fix, new SkipwiseErrors([error, error]).message])
      expect(text.replace(/[\n\t]/g, '')).not.toMatch(OBEYED)
  })

  test('of a very long text and of very many are short', () => {
    const long = new SkipwiseError('A_CODE', { problem: `begin ${'x'.repeat(20_000_000)} end`, fix: 'mend it' })
    expect(long.message.length).toBeLessThan(ERROR_CHARACTERS + 100)
    expect(long.message).toMatch(/^A_CODE: begin x+ … \(20000010 characters\) … x+ end: mend it$/)
    const many = new SkipwiseErrors(
      Array.from({ length: ERRORS_TOLD + 5 }, (_, i) => new SkipwiseError('A_CODE', { problem: `p${i}`, fix: 'f' }))
    )
    expect(many.problem.split('\n').slice(-2)).toEqual([`p${ERRORS_TOLD - 1} (A_CODE: f)`, 'and 5 more'])
    expect(many.errors).toHaveLength(ERRORS_TOLD + 5)
  })

  test('a text of just the length stays', () => {
    expect(shortened('abcd', 4)).toBe('abcd')
  })
})
