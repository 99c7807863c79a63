import { fc, test } from '@fast-check/vitest'
import type { GenerateOptions, LanguageModel } from '@skipwise/core'
import { byteTokenizer } from '@skipwise/testing'
import { describe, expect } from 'vitest'
import { Detokenizer, generateText, StopStrings, type GenerateTextOptions } from './generate-text.js'

const bytes = byteTokenizer()

/** A tokenizer that, like SentencePiece's, marks words by a space and drops the space of the first. */
const words = ['', ' to', ' be', ' or', ' not', '.', 'ing']
const wordTokenizer = {
  decode: (ids: ArrayLike<number>) =>
    Array.from(ids, id => words[id])
      .join('')
      .replace(/^ /, '')
}

/** A model that says `said` whatever it is asked. */
const saying = (said: readonly number[]): LanguageModel =>
  ({
    name: 'parrot',
    tokenizer: bytes,
    vocabSize: 256,
    maxLength: 1000,
    score: async () => new Float64Array(0),
    dispose: () => {},
    async *generate(_: Int32Array, { maxNewTokens }: GenerateOptions) {
      yield* said.slice(0, maxNewTokens)
    }
  }) as LanguageModel

async function collect(text: string, options: Partial<GenerateTextOptions> = {}) {
  const said = [...bytes.encode(text)]
  const pieces = []
  for await (const piece of generateText(saying(said), Int32Array.of(1), { maxNewTokens: said.length, ...options }))
    pieces.push(piece)
  return { pieces, text: pieces.map(piece => piece.text).join('') }
}

describe('Detokenizer', () => {
  test.prop([fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 30 })])(
    'gives the text of all tokens, whatever the first is',
    ids => {
      const detokenizer = new Detokenizer(wordTokenizer)
      expect(ids.map(id => detokenizer.push(id)).join('') + detokenizer.end()).toBe(wordTokenizer.decode(ids))
    }
  )

  test.prop([
    fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 20 }),
    fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 20 })
  ])('of a continuation gives the text that joins to what it continues', (before, ids) => {
    const detokenizer = new Detokenizer(wordTokenizer, before)
    expect(wordTokenizer.decode(before) + ids.map(id => detokenizer.push(id)).join('') + detokenizer.end()).toBe(
      wordTokenizer.decode([...before, ...ids])
    )
  })

  test('leaves a character alone whose first bytes it continues', () => {
    const [first, ...rest] = bytes.encode('é')
    const detokenizer = new Detokenizer(bytes, [first])
    expect(rest.map(id => detokenizer.push(id)).join('') + detokenizer.push(65) + detokenizer.end()).toBe('\uFFFDA')
  })

  test.prop([fc.string({ unit: 'binary', maxLength: 20 })])('gives characters whole', text => {
    fc.pre(!text.includes('\uFFFD'))
    const detokenizer = new Detokenizer(bytes)
    const pieces = [...bytes.encode(text)].map(id => detokenizer.push(id))
    expect(pieces.join('') + detokenizer.end()).toBe(bytes.decode(bytes.encode(text)))
    expect(pieces.join('')).not.toContain('\uFFFD')
  })

  test('gives what is left of a character that never ends', () => {
    const detokenizer = new Detokenizer(bytes)
    expect([detokenizer.push(0x61), detokenizer.push(0xe2), detokenizer.push(0x82), detokenizer.end()]).toEqual([
      'a',
      '',
      '',
      '\uFFFD'
    ])
  })
})

describe('StopStrings', () => {
  test('holds back what may become a stop string', () => {
    const stops = new StopStrings(['STOP', '\n\n'])
    expect(['a S', 'T', 'x', 'y\n', 'z S', 'TOPped'].map(text => stops.push(text))).toEqual([
      'a ',
      '',
      'STx',
      'y',
      '\nz ',
      ''
    ])
    expect([stops.stopped, stops.push('more'), stops.end()]).toEqual([true, '', ''])
  })

  test.prop([
    fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 4 })),
    fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 3 }), { maxLength: 3 })
  ])('passes exactly what stands before the first stop string, however the text is cut', (pieces, strings) => {
    const stops = new StopStrings(strings)
    const passed = pieces.map(piece => stops.push(piece)).join('') + stops.end()
    // the first piece after which a stop string is there: of several the earliest counts
    let seen = ''
    for (const piece of pieces) if (!strings.some(stop => seen.includes(stop))) seen += piece
    const places = strings.map(stop => seen.indexOf(stop)).filter(place => place >= 0)
    expect(passed).toBe(places.length ? seen.slice(0, Math.min(...places)) : pieces.join(''))
  })
})

describe('generateText', () => {
  test('streams the text and counts the tokens', async () => {
    const { pieces, text } = await collect('naïve')
    expect(text).toBe('naïve')
    expect(pieces.map(piece => piece.tokens)).toEqual([1, 2, 4, 5, 6, 6])
  })

  test('ends before a stop string, and asks for no more tokens', async () => {
    const { pieces, text } = await collect('one. two. three', { stopStrings: ['. t', 'zzz'] })
    expect(text).toBe('one')
    expect(pieces.at(-1)?.tokens).toBe(6)
    expect((await collect('one. ', { stopStrings: ['. t'] })).text).toBe('one. ')
    await expect(collect('a', { stopStrings: [''] })).rejects.toMatchObject({ code: 'INFERENCE_OPTIONS' })
  })
})
