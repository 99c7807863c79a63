import { randomStream, type PositionTransform } from '@skipwise/core'
import { tokenizeDocuments } from '@skipwise/data'
import { describe, expect, test } from 'vitest'
import { createExamples } from './examples.js'

const bytes = {
  vocabSize: 256,
  bosId: undefined,
  eosId: undefined,
  addBos: false,
  encode: (text: string) => Int32Array.from(Buffer.from(text)),
  decode: () => ''
}

/**
 * Two pieces of a document from drawn places, as PoSE takes them; boundaries of what is left of the window are masked.
 */
const pieces: PositionTransform = {
  minimumTokens: ({ original }) => original,
  example(document, { original: T, target }, { seed, epoch, index }) {
    const random = randomStream({ seed, stream: 'pieces', epoch, index })
    const cut = random.integer(1, T - 1)
    const room = document.length - T
    const first = random.integer(0, room)
    const second = first + random.integer(0, room - first)
    const skip = random.integer(0, target - T)
    const places = Int32Array.from({ length: T }, (_, t) => t + (t < cut ? first : second))
    return {
      ids: places.map(place => document[place]),
      positionIds: Int32Array.from(places, (_, t) => (t < cut ? t : t + skip)),
      labelMask: Uint8Array.from(places, (_, t) => Number(t > 0 && t !== cut)),
      sources: places
    }
  }
}
const window = { original: 8, target: 64 }
// capital letters are a prompt, small ones its completion, each once: an id tells its place
const document = { text: 'ABCDEFGHIJabcdefghij', prompt: 'ABCDEFGHIJ', source: '' }
const isCapital = (id: number) => id >= 65 && id <= 90

describe('the loss of a prompt', () => {
  test('is masked wherever a transform puts its tokens; all else is what the transform gives', async () => {
    const corpus = await tokenizeDocuments([document], bytes)
    const plain = await tokenizeDocuments([{ text: document.text, source: '' }], bytes)
    const of = (of: typeof corpus) => createExamples([{ corpus: of, weight: 1 }], pieces, window, 0, 50)
    const seen = new Set<string>()
    for (let index = 0; index < 50; index++) {
      const masked = of(corpus)(index)
      const whole = of(plain)(index)
      expect([masked.ids, masked.positionIds]).toEqual([whole.ids, whole.positionIds])
      masked.labelMask.forEach((flag, t) => {
        expect(flag).toBe(isCapital(masked.ids[t]) ? 0 : whole.labelMask[t])
        seen.add(`${isCapital(masked.ids[t])} ${whole.labelMask[t]}`)
      })
    }
    expect([...seen].sort()).toEqual(['false 0', 'false 1', 'true 0', 'true 1'])
  })

  test('is masked in packed rows, document by document', async () => {
    const documents = Array.from({ length: 6 }, (_, i) => ({
      text: `${'ABC'.slice(i % 3)}xyz`,
      prompt: 'ABC'.slice(i % 3),
      source: ''
    }))
    const corpus = await tokenizeDocuments(documents, bytes)
    const example = createExamples(
      [{ corpus, weight: 1, pack: true }],
      {
        ...pieces,
        example: (ids, { original }) => ({
          ids: ids.slice(0, original),
          positionIds: Int32Array.from(ids.keys()),
          labelMask: new Uint8Array(ids.length).fill(1, 1),
          sources: Int32Array.from(ids.keys())
        })
      },
      { original: 12, target: 64 },
      0,
      4
    )
    for (let index = 0; index < 4; index++) {
      const { ids, labelMask } = example(index)
      expect(Array.from(labelMask)).toEqual(Array.from(ids, id => Number(id >= 120)))
    }
  })

  test('is masked in a transform that chooses by ids, also where tokens repeat', async () => {
    const repeated = { text: 'aabbaaabbbaabb', prompt: 'aabbaa', source: '' }
    const corpus = await tokenizeDocuments([repeated], bytes)
    // from the second b on: what it takes depends on the ids
    const fromSecond: PositionTransform = {
      ...pieces,
      example(ids, { original }) {
        const start = ids.indexOf(98) + 1
        const sources = Int32Array.from({ length: original }, (_, t) => start + t)
        return {
          ids: sources.map(source => ids[source]),
          positionIds: Int32Array.from(sources.keys()),
          labelMask: new Uint8Array(original).fill(1, 1),
          sources
        }
      }
    }
    const { ids, labelMask } = createExamples([{ corpus, weight: 1 }], fromSecond, window, 0, 1)(0)
    expect([String.fromCharCode(...ids), labelMask.join('')]).toEqual(['baaabbba', '00011111'])
  })

  test.each([
    ['none', () => undefined],
    ['those of the example', (sources: Int32Array) => Int32Array.from(sources.keys())],
    ['too few', (sources: Int32Array) => sources.slice(1)]
  ])('is not masked by wrong sources: %s are refused', async (_, spoil) => {
    const corpus = await tokenizeDocuments([document], bytes)
    const silent: PositionTransform = {
      ...pieces,
      example: (...args) => {
        const example = pieces.example(...args)
        return { ...example, sources: spoil(example.sources) as Int32Array }
      }
    }
    const example = createExamples([{ corpus, weight: 1 }], silent, window, 0, 20)
    expect(() => Array.from({ length: 20 }, (_, index) => example(index))).toThrow(
      /^RECIPE_DATA: the position transform returns sources that do not match its tokens/
    )
  })
})
