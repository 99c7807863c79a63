import { fc, test } from '@fast-check/vitest'
import type { LanguageModel } from '@skipwise/core'
import { byteTokenizer, inductionModel } from '@skipwise/testing'
import { describe, expect, it } from 'vitest'
import { scoreDocument, windowsOf } from './score.js'

const V = 258

/** A bigram model of fixed exact probabilities: p(v | u) = (1 + (7u + 3v) mod 5) / Σ_v. */
function bigramModel(): LanguageModel & { readonly fed: Int32Array[] } {
  const weight = (u: number, v: number) => 1 + ((7 * u + 3 * v) % 5)
  const total = Array.from({ length: V }, (_, u) => Array.from({ length: V }, (_, v) => weight(u, v)).reduce((a, b) => a + b))
  const fed: Int32Array[] = []
  return {
    ...inductionModel({ name: 'bigram' }),
    fed,
    async score(ids, { from = 0 } = {}) {
      fed.push(ids)
      return Float64Array.from({ length: ids.length - 1 }, (_, t) => (t < from ? 0 : Math.log(weight(ids[t], ids[t + 1]) / total[ids[t]])))
    }
  }
}

const document = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 24, maxLength: 120 }).map(ids => Int32Array.from(ids))
const geometry = fc.integer({ min: 3, max: 24 }).chain(window => fc.record({ window: fc.constant(window), stride: fc.integer({ min: 1, max: window - 1 }) }))

describe('scoreDocument', () => {
  test.prop([document, geometry, fc.constantFrom(256, undefined)])('of a bigram model is the sum over the document, whatever the windows', async (ids, sizes, bosId) => {
    // With S = W − 1 some tokens would stand after BOS alone, without the token a bigram needs.
    fc.pre(bosId === undefined || sizes.stride < sizes.window - 1)
    const model = bigramModel(), score = await scoreDocument(model, ids, { ...sizes, bosId })
    const whole = bosId === undefined ? ids : Int32Array.of(bosId, ...ids)
    const direct = -(await model.score(whole)).reduce((a, b) => a + b)
    expect(score.tokens).toBe(whole.length - 1)
    expect(score.nll).toBeCloseTo(direct, 9)
  })

  test.prop([document, geometry, fc.constantFrom(256, undefined)])('is the sum of each token given its own window, for a model that sees all of it', async (ids, { window, stride }, bosId) => {
    const model = inductionModel(), prefix = bosId === undefined ? [] : [bosId], length = window - prefix.length
    let direct = 0
    for (let i = 1 - prefix.length; i < ids.length; i++) {
      // The first window that reaches token i scores it: the smallest j with j·S + W′ > i.
      const begin = Math.max(0, Math.ceil((i + 1 - length) / stride)) * stride
      direct -= (await model.score(Int32Array.of(...prefix, ...ids.subarray(begin, i + 1)))).at(-1) as number
    }
    expect((await scoreDocument(model, ids, { window, stride, bosId })).nll).toBeCloseTo(direct, 9)
  })

  it('puts BOS before every window and counts it in W', async () => {
    const model = bigramModel()
    await scoreDocument(model, Int32Array.from({ length: 20 }, (_, i) => i), { window: 9, stride: 4, bosId: 256 })
    expect(model.fed.map(ids => [...ids])).toEqual([
      [256, 0, 1, 2, 3, 4, 5, 6, 7],
      [256, 4, 5, 6, 7, 8, 9, 10, 11],
      [256, 8, 9, 10, 11, 12, 13, 14, 15],
      [256, 12, 13, 14, 15, 16, 17, 18, 19]
    ])
    expect([...windowsOf(20, { window: 9, stride: 4, bosId: 256 })].map(({ scored }) => scored)).toEqual([0, 8, 12, 16])
  })

  it('refuses NaN and a wrong number of log probabilities', async () => {
    const ids = byteTokenizer().encode('a document'), options = { window: 8, stride: 4, bosId: undefined }
    const broken = (score: LanguageModel['score']) => scoreDocument({ ...inductionModel(), score }, ids, options)
    await expect(broken(async given => new Float64Array(given.length - 1).fill(NaN))).rejects.toThrow('PERPLEXITY_NOT_FINITE')
    await expect(broken(async given => new Float64Array(given.length - 1).fill(-Infinity))).rejects.toThrow('PERPLEXITY_NOT_FINITE')
    await expect(broken(async given => new Float64Array(given.length))).rejects.toThrow('PERPLEXITY_SCORE_LENGTH')
  })
})
