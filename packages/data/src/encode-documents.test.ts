import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { partsOf, tokensOfSpans } from './encode-documents.js'

/**
 * Pieces of one to four of three letters, taken longest first, from the left or from the right: what stands behind a
 * place changes the tokens before it.
 */
function tokenizerOf(vocabulary: readonly string[], fromRight: boolean) {
  const pieces = [...new Set(['a', 'b', ' ', ...vocabulary])].sort((one, other) => other.length - one.length)
  const encode = (text: string) => {
    const ids: number[] = []
    for (let rest = text; rest;) {
      const id = pieces.findIndex(piece => (fromRight ? rest.endsWith(piece) : rest.startsWith(piece)))
      if (fromRight) ids.unshift(id)
      else ids.push(id)
      rest = fromRight ? rest.slice(0, -pieces[id].length) : rest.slice(pieces[id].length)
    }
    return Int32Array.from(ids)
  }
  return { encode, decode: (ids: ArrayLike<number>) => Array.from(ids, id => pieces[id]).join('') }
}

const letters = fc.string({ unit: fc.constantFrom('a', 'b', ' '), minLength: 1, maxLength: 4 })
const cases = fc.record({
  vocabulary: fc.array(letters, { maxLength: 6 }),
  fromRight: fc.boolean(),
  turns: fc.array(
    fc.tuple(
      fc.string({ unit: fc.constantFrom('a', 'b', ' '), maxLength: 12 }),
      fc.string({ unit: fc.constantFrom('a', 'b', ' '), minLength: 1, maxLength: 12 })
    ),
    { minLength: 1, maxLength: 5 }
  )
})

function prepare({
  vocabulary,
  fromRight,
  turns
}: {
  vocabulary: string[]
  fromRight: boolean
  turns: [string, string][]
}) {
  const tokenizer = tokenizerOf(vocabulary, fromRight)
  const spans: [number, number][] = []
  let text = ''
  for (const [other, own] of turns) {
    spans.push([text.length + other.length, text.length + other.length + own.length])
    text += other + own
  }
  text += 'ab'
  const ids = tokenizer.encode(text)
  let at = 0
  const expected = Array.from(ids, id => {
    const start = at
    const end = (at += tokenizer.decode([id]).length)
    return Number(spans.some(([from, to]) => start < to && end > from))
  })
  return { tokenizer, text, spans, ids, expected, parts: partsOf(text, spans).map(part => tokenizer.encode(part)) }
}

describe('tokens of spans', () => {
  it('are those that hold a character of one, wherever tokens end', () => {
    fc.assert(
      fc.property(cases, input => {
        const { tokenizer, text, spans, ids, expected, parts } = prepare(input)
        expect(Array.from(tokensOfSpans(text, spans, ids, parts, tokenizer))).toEqual(expected)
      }),
      { numRuns: 2000 }
    )
  })

  it('are never others, also with a decoder that tells nothing', () => {
    fc.assert(
      fc.property(cases, input => {
        const { tokenizer, text, spans, ids, expected, parts } = prepare(input)
        const flags = tokensOfSpans(text, spans, ids, parts, { ...tokenizer, decode: () => '' })
        expect(Array.from(flags, (flag, t) => Number(flag > expected[t]))).toEqual(expected.map(() => 0))
      }),
      { numRuns: 2000 }
    )
  })

  it('cut a text at the ends of spans', () => {
    expect(
      partsOf('abcdefg', [
        [1, 3],
        [3, 6]
      ])
    ).toEqual(['a', 'bc', '', 'def', 'g'])
  })
})
