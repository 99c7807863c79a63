import { fc, test } from '@fast-check/vitest'
import type { LanguageModel } from '@skipwise/core'
import { byteTokenizer, inductionModel } from '@skipwise/testing'
import { describe, expect, it } from 'vitest'
import { sliding } from './modes/sliding.js'
import { planPasses, scorePasses, tokensFed } from './score.js'
import { Tally } from './tally.js'

/** A model that keeps what it was fed. */
const recording = (model: LanguageModel = inductionModel()) => {
  const fed: number[][] = []
  const score: LanguageModel['score'] = (ids, options) => (fed.push([...ids]), model.score(ids, options))
  return { ...model, fed, score }
}

async function score(
  model: LanguageModel,
  ids: Int32Array,
  sizes: readonly number[],
  stride: number,
  bosId: number | undefined
) {
  const tallies = sizes.map(() => new Tally(sliding))
  const prefix = bosId !== undefined
  const windows = sizes.flatMap((window, w) =>
    [...sliding.windows(ids.length, { window, stride, prefix })].map(fed => ({ fed, w }))
  )
  const passes = planPasses(
    windows.map(({ fed }) => fed),
    model
  )
  let i = 0
  for await (const scores of scorePasses(model, ids, passes, { prefixId: bosId }))
    tallies[windows[i].w].add(scores, windows[i++].fed)
  return { scores: tallies.map(tally => tally.score), fed: passes.reduce((sum, pass) => sum + tokensFed(pass), 0) }
}

const document = fc
  .array(fc.integer({ min: 97, max: 100 }), { minLength: 24, maxLength: 120 })
  .map(ids => Int32Array.from(ids))
const geometry = fc
  .integer({ min: 3, max: 24 })
  .chain(window => fc.record({ window: fc.constant(window), stride: fc.integer({ min: 1, max: window - 1 }) }))

describe('scorePasses', () => {
  test.prop([document, geometry, fc.constantFrom(256, undefined)])(
    'sums each token given its own window',
    async (ids, { window, stride }, bosId) => {
      const model = inductionModel()
      const prefix = bosId === undefined ? [] : [bosId]
      const length = window - prefix.length
      let direct = 0
      for (let i = 1 - prefix.length; i < ids.length; i++) {
        // The first window that reaches token i scores it: the smallest j with j·S + W′ > i.
        const begin = Math.max(0, Math.ceil((i + 1 - length) / stride)) * stride
        direct -= (await model.score(Int32Array.of(...prefix, ...ids.subarray(begin, i + 1)))).at(-1) as number
      }
      const {
        scores: [result]
      } = await score(model, ids, [window], stride, bosId)
      expect(result.tokens).toBe(ids.length - 1 + prefix.length)
      expect(result.nll).toBeCloseTo(direct, 9)
    }
  )

  test.prop([document, fc.constantFrom(256, undefined)])(
    'gives all window lengths the numbers of one alone, from one pass over the beginning',
    async (ids, bosId) => {
      const sizes = [200, 24, 12]
      const model = recording()
      const { scores, fed } = await score(model, ids, sizes, 6, bosId)
      const alone = await Promise.all(
        sizes.map(async size => score({ ...inductionModel(), sharesPrefix: () => false }, ids, [size], 6, bosId))
      )
      expect(scores).toEqual(alone.map(result => result.scores[0]))
      expect(fed).toBe(model.fed.reduce((sum, ids) => sum + ids.length, 0))
      expect(fed).toBe(
        alone.reduce((sum, result) => sum + result.fed, 0) -
          [24, 12].reduce((sum, size) => sum + Math.min(size, ids.length + (bosId === undefined ? 0 : 1)), 0)
      )
    }
  )

  it('shares nothing with a model that does not say so', async () => {
    const ids = Int32Array.from({ length: 33 }, (_, i) => i)
    const model = recording({ ...inductionModel(), sharesPrefix: (_, longer) => longer < 20 })
    await score(model, ids, [24, 16, 8], 4, 256)
    expect(model.fed.filter(([bos, first]) => bos === 256 && first === ids[0]).map(({ length }) => length)).toEqual([
      24, 16
    ])
  })

  it('puts BOS before every window and counts it in W', async () => {
    const model = recording()
    await score(
      model,
      Int32Array.from({ length: 20 }, (_, i) => i),
      [9],
      4,
      256
    )
    expect(model.fed).toEqual([
      [256, 0, 1, 2, 3, 4, 5, 6, 7],
      [256, 4, 5, 6, 7, 8, 9, 10, 11],
      [256, 8, 9, 10, 11, 12, 13, 14, 15],
      [256, 12, 13, 14, 15, 16, 17, 18, 19]
    ])
  })

  it('keeps sums by position, in buckets that double', async () => {
    const ids = Int32Array.from({ length: 300 }, (_, i) => 97 + ((i * i) % 7))
    const {
      scores: [whole]
    } = await score(inductionModel(), ids, [400], 100, 256)
    expect(whole.positions.map(({ from, to, tokens }) => [from, to, tokens])).toEqual([
      [0, 64, 63],
      [64, 128, 64],
      [128, 256, 128],
      [256, 512, 45]
    ])
    expect(whole.positions.reduce((sum, { nll }) => sum + nll, 0)).toBeCloseTo(whole.nll, 9)
    const {
      scores: [moving]
    } = await score(inductionModel(), ids, [100], 20, 256)
    expect(moving.positions.map(({ tokens }) => tokens)).toEqual([63, 237])
    expect(moving.minimumContext).toBe(80)
  })

  it('refuses NaN and a wrong number of log probabilities', async () => {
    const ids = byteTokenizer().encode('a document')
    const broken = (wrong: LanguageModel['score']) =>
      score({ ...inductionModel(), score: wrong }, ids, [8], 4, undefined)
    await expect(broken(async given => new Float64Array(given.length - 1).fill(NaN))).rejects.toThrow(
      'PERPLEXITY_NOT_FINITE'
    )
    await expect(broken(async given => new Float64Array(given.length - 1).fill(-Infinity))).rejects.toThrow(
      'PERPLEXITY_NOT_FINITE'
    )
    await expect(broken(async given => new Float64Array(given.length))).rejects.toThrow('PERPLEXITY_SCORE_LENGTH')
  })
})
