import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { bootstrapInterval, quantile } from './bootstrap.js'
import { perplexityOf } from './tally.js'

const scores = fc.array(
  fc.record({ sum: fc.double({ min: 0, max: 500, noNaN: true }), weight: fc.integer({ min: 1, max: 300 }) }),
  { minLength: 2, maxLength: 8 }
)

describe('perplexityOf', () => {
  it('weighs tokens, not documents', () => {
    // 1 token at 8 nats and 3 at 0: e² and not (e⁸ + 1) / 2.
    expect(
      perplexityOf([
        { sum: 8, weight: 1 },
        { sum: 0, weight: 3 }
      ])
    ).toBeCloseTo(Math.exp(2), 12)
  })
})

describe('bootstrapInterval', () => {
  test.prop([scores, fc.nat()])('lies between the best and the worst document, and repeats', (documents, seed) => {
    const interval = bootstrapInterval(documents, 200, seed) as [number, number]
    const each = documents.map(document => perplexityOf([document]))
    expect(interval[0]).toBeGreaterThanOrEqual(Math.min(...each) * (1 - 1e-12))
    expect(interval[1]).toBeLessThanOrEqual(Math.max(...each) * (1 + 1e-12))
    expect(interval[0]).toBeLessThanOrEqual(interval[1])
    expect(bootstrapInterval(documents, 200, seed)).toEqual(interval)
  })

  it('covers the true value about 95 times in 100', () => {
    // log-perplexity of a document is uniform in [0, 2] + 1 whatever its length: the truth is e².
    let covered = 0
    for (let experiment = 0; experiment < 200; experiment++) {
      const documents = Array.from({ length: 40 }, (_, d) => ({
        sum: 100 * (1 + 2 * fraction(experiment * 40 + d)),
        weight: 100
      }))
      const [low, high] = bootstrapInterval(documents, 300, experiment) as [number, number]
      if (low <= Math.exp(2) && Math.exp(2) <= high) covered++
    }
    expect(covered).toBeGreaterThan(178)
    expect(covered).toBeLessThan(200)
  })

  it('has nothing to say about one document', () =>
    expect(bootstrapInterval([{ sum: 3, weight: 2 }], 100, 0)).toBeNull())
})

it('quantile is linear between neighbours, as numpy.quantile', () => {
  const values = Float64Array.of(1, 2, 4, 8)
  expect([0, 0.025, 0.5, 0.9, 1].map(p => quantile(values, p))).toEqual([1, 1.075, 3, 6.800000000000001, 8])
})

/** A hash of an integer as a fraction: independent of the streams under test. */
function fraction(i: number): number {
  const x = Math.imul((i + 1) ^ ((i + 1) >>> 15), 0x2c1b3c6d)
  const y = Math.imul(x ^ (x >>> 12), 0x297a2d39)
  return ((y ^ (y >>> 15)) >>> 0) / 2 ** 32
}
