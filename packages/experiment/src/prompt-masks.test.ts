import { randomStream, type PositionTransform } from '@skipwise/core'
import { tokenizeDocuments } from '@skipwise/data'
import { describe, expect, test } from 'vitest'
import { createExamples } from './examples.js'
import { withPromptMasks } from './prompt-masks.js'

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
      labelMask: Uint8Array.from(places, (_, t) => Number(t > 0 && t !== cut))
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
    const of = (of: typeof corpus) =>
      createExamples([{ corpus: of, weight: 1 }], withPromptMasks(pieces), window, 0, 50)
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
      withPromptMasks({
        ...pieces,
        example: (ids, { original }) => ({
          ids: ids.slice(0, original),
          positionIds: Int32Array.from(ids.keys()),
          labelMask: new Uint8Array(ids.length).fill(1, 1)
        })
      }),
      { original: 12, target: 64 },
      0,
      4
    )
    for (let index = 0; index < 4; index++) {
      const { ids, labelMask } = example(index)
      expect(Array.from(labelMask)).toEqual(Array.from(ids, id => Number(id >= 120)))
    }
  })

  test('cannot be masked by a transform that chooses by ids, and this is said', async () => {
    const corpus = await tokenizeDocuments([document], bytes)
    const byIds: PositionTransform = {
      ...pieces,
      example: (ids, ...more) =>
        pieces.example(
          ids.slice().sort((a, b) => (a & 31) - (b & 31)),
          ...more
        )
    }
    expect(() => createExamples([{ corpus, weight: 1 }], withPromptMasks(byIds), window, 0, 1)(0)).toThrow(
      /^RECIPE_DATA: the position transform chooses tokens by their ids/
    )
  })
})
