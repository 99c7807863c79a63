import type { PositionTransform } from '@skipwise/core'
import type { Corpus } from '@skipwise/data'
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { assignSources, createExamples } from './examples.js'

/** Documents of 8 tokens, token t of document d being 100 · (d + first) + t. */
function corpusOf(length: number, first: number): Corpus {
  const document = (index: number) => Int32Array.from({ length: 8 }, (_, t) => 100 * (index + first) + t)
  return {
    length,
    tokens: 8 * length,
    tooShort: 0,
    digest: `${first} ${length}`,
    document,
    learned: () => undefined,
    tokensOf: () => 8,
    source: String
  }
}

const window = { original: 8, target: 8 }
const identity: PositionTransform = {
  minimumTokens: () => 8,
  example: ids => ({
    ids: ids.slice(),
    positionIds: Int32Array.from(ids.keys()),
    labelMask: new Uint8Array(8).fill(1, 1),
    sources: Int32Array.from(ids.keys())
  })
}

describe('createExamples', () => {
  test('one source: every document once an epoch, in another order each time', () => {
    const example = createExamples([{ corpus: corpusOf(16, 0), weight: 1 }], identity, window, 5, 48)
    const epochs = [0, 1, 2].map(epoch => Array.from({ length: 16 }, (_, i) => example(epoch * 16 + i).ids[0]))
    for (const epoch of epochs)
      expect([...epoch].sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, d) => 100 * d))
    expect(epochs[0]).not.toEqual(epochs[1])
  })

  property.prop([fc.array(fc.nat(199), { minLength: 1, maxLength: 50 })])(
    'an example does not depend on those asked for before',
    indices => {
      const sources = [
        { corpus: corpusOf(5, 0), weight: 1 },
        { corpus: corpusOf(7, 50), weight: 3 }
      ]
      const one = createExamples(sources, identity, window, 1, 200)
      for (const index of indices)
        expect(one(index).ids).toEqual(createExamples(sources, identity, window, 1, 200)(index).ids)
    }
  )

  test('packs short documents into rows: whole, each once an epoch, with ids and positions of its own', () => {
    const lengths = [3, 5, 8, 2, 20, 6, 4, 4]
    const corpus: Corpus = {
      length: lengths.length,
      tokens: 52,
      tooShort: 0,
      digest: '',
      source: String,
      tokensOf: index => lengths[index],
      document: index => new Int32Array(lengths[index]).fill(index + 1),
      learned: () => undefined
    }
    const skipping: PositionTransform = {
      minimumTokens: ({ original }) => original,
      example: (ids, { original, target }, { epoch }) => ({
        ids: ids.slice(0, original),
        positionIds: Int32Array.from({ length: original }, (_, t) => (t === 0 ? 0 : target - original + t - epoch)),
        labelMask: new Uint8Array(original).fill(1, 1),
        sources: Int32Array.from({ length: original }, (_, t) => t)
      })
    }
    const example = createExamples([{ corpus, weight: 1, pack: true }], skipping, { original: 8, target: 64 }, 5, 40)
    const seen = new Map<number, number>()
    for (let index = 0; seen.size < lengths.length; index++) {
      const { ids, positionIds, labelMask, documentIds } = example(index)
      expect(ids).toHaveLength(8)
      if (!documentIds) {
        expect([3, 5]).toContain(ids[0])
        seen.set(ids[0], 8)
        continue
      }
      for (let t = 0; t < 8; t++) {
        const starts = t === 0 || documentIds[t] !== documentIds[t - 1]
        expect(starts).toBe(t === 0 || ids[t] !== ids[t - 1])
        if (starts) expect([positionIds[t], labelMask[t]]).toEqual([0, 0])
        else if (ids[t] !== 0) expect(positionIds[t]).toBeGreaterThan(48)
        else expect(labelMask[t]).toBe(0)
        if (ids[t] !== 0) seen.set(ids[t], (seen.get(ids[t]) ?? 0) + 1)
      }
    }
    expect(seen).toEqual(new Map(lengths.map((length, i) => [i + 1, Math.min(8, length)])))
    const again = createExamples([{ corpus, weight: 1, pack: true }], skipping, { original: 8, target: 64 }, 5, 40)
    for (const index of [30, 3, 17]) expect(again(index)).toEqual(example(index))
  })

  test('sources have their shares', () => {
    const { sourceOf, ordinalOf } = assignSources([1, 3], 0, 40_000)
    const second = sourceOf.filter(source => source === 1).length / 40_000
    // four standard deviations: 4 · √(¾ · ¼ / 40,000)
    expect(Math.abs(second - 0.75)).toBeLessThan(4 * Math.sqrt(0.1875 / 40_000))
    expect(Math.max(...ordinalOf.filter((_, i) => sourceOf[i] === 1))).toBe(Math.round(second * 40_000) - 1)
  })
})
