import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { bootstrapInterval, holm, meanAndError, pairedTest, quantile, signTest, wilsonInterval } from './statistics.js'

const pairsOf = (differences: readonly number[]) =>
  differences.map((difference, i) => ({ a: i, b: i + difference, weight: 1 }))

describe('signTest', () => {
  // Sums of math.comb(n, i) / 2**n as exact fractions in Python.
  it.each([
    [0, 5, 0.0625],
    [1, 10, 0.021484375],
    [4, 20, 0.01181793212890625],
    [10, 20, 1],
    [450, 1000, 0.0017305360849763176],
    [0, 0, 1]
  ])('%i of %i', (positive, count, p) => {
    expect(signTest(positive, count)).toBeCloseTo(p, 10)
    expect(signTest(count - positive, count)).toBeCloseTo(p, 10)
  })
})

describe('pairedTest', () => {
  it('of right and wrong answers is the exact sign test of those that differ', () => {
    expect(pairedTest(pairsOf([1, 1, 1, 1, 1, 1, -1, 0, 0, 0]), 0)).toEqual({
      pValue: signTest(1, 7),
      method: 'exact sign test'
    })
  })

  it('counts every assignment of signs of few pairs', () => {
    // |±1 ± 2 ± 4| ≥ |1 + 2 + 4| in 2 of 8, ≥ |1 + 2 − 4| in all.
    expect(pairedTest(pairsOf([1, 2, 4]), 0)).toEqual({ pValue: 2 / 8, method: 'exact sign-flip test' })
    expect(pairedTest(pairsOf([1, 2, -4]), 0).pValue).toBe(1)
  })

  it('draws signs of many pairs, near the exact value', () => {
    const differences = Array.from({ length: 16 }, (_, i) => Math.sin(i) + 0.4)
    const exact = pairedTest(pairsOf(differences), 0)
    const drawn = pairedTest(pairsOf([...differences, 1e-9]), 0)
    expect(drawn.method).toBe('sign-flip test, 10000 draws')
    expect(Math.abs(drawn.pValue - exact.pValue)).toBeLessThan(0.015)
  })

  test.prop([fc.array(fc.integer({ min: -20, max: 20 }), { maxLength: 10 })])(
    'does not care which result comes first',
    differences => {
      const { pValue } = pairedTest(pairsOf(differences), 0)
      expect(pValue).toBeCloseTo(pairedTest(pairsOf(differences.map(difference => -difference)), 0).pValue, 12)
      expect(pValue).toBeGreaterThan(0)
      expect(pValue).toBeLessThanOrEqual(1)
    }
  )
})

it('bootstrapInterval lies around the difference of the means', () => {
  const pairs = pairsOf(Array.from({ length: 50 }, (_, i) => 1 + Math.sin(i)))
  const paired = { resamples: 2000, seed: 0, stream: 'paired-bootstrap' }
  const mean = (drawn: readonly { a: number; b: number }[]) =>
    drawn.reduce((sum, { a, b }) => sum + b - a, 0) / drawn.length
  const [low, high] = bootstrapInterval(pairs, mean, paired) as [number, number]
  // 1 ± 1.96 · 0.707 / √50
  expect(low).toBeCloseTo(0.81, 1)
  expect(high).toBeCloseTo(1.2, 1)
  expect(bootstrapInterval(pairs.slice(0, 1), mean, paired)).toBeNull()
})

describe('holm', () => {
  // Sorted: 0.005·4, 0.01·3, 0.03·2, 0.04·1, none less than the one before.
  it('multiplies by the number of hypotheses left', () =>
    expect(holm([0.01, 0.04, 0.03, 0.005]).map(p => +p.toFixed(12))).toEqual([0.03, 0.06, 0.06, 0.02]))
  it('never exceeds 1', () => expect(holm([0.7, 0.9])).toEqual([1, 1]))
})

describe('wilsonInterval', () => {
  // Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718]
  ])('%i of %i: [%f, %f]', (successes, trials, low, high) => {
    expect(wilsonInterval(successes, trials)[0]).toBeCloseTo(low, 4)
    expect(wilsonInterval(successes, trials)[1]).toBeCloseTo(high, 4)
  })

  test.prop([
    fc.integer({ min: 1, max: 500 }).chain(trials => fc.tuple(fc.integer({ min: 0, max: trials }), fc.constant(trials)))
  ])('holds the proportion and is symmetric', ([k, n]) => {
    const [low, high] = wilsonInterval(k, n)
    const [otherLow, otherHigh] = wilsonInterval(n - k, n)
    expect(low).toBeLessThanOrEqual(k / n)
    expect(high).toBeGreaterThanOrEqual(k / n)
    expect(low).toBeCloseTo(1 - otherHigh, 12)
    expect(high).toBeCloseTo(1 - otherLow, 12)
  })
})

interface Score {
  readonly sum: number
  readonly weight: number
}

const scores = fc.array(
  fc.record({ sum: fc.double({ min: 0, max: 500, noNaN: true }), weight: fc.integer({ min: 1, max: 300 }) }),
  { minLength: 2, maxLength: 8 }
)

const options = (resamples: number, seed: number) => ({ resamples, seed, stream: 'perplexity-bootstrap' })

/** exp(Σ sum / Σ weight). */
const perplexityOf = (all: readonly Score[]) => {
  const add = (of: (score: Score) => number) => all.reduce((sum, score) => sum + of(score), 0)
  return Math.exp(add(({ sum }) => sum) / add(({ weight }) => weight))
}

describe('bootstrapInterval', () => {
  test.prop([scores, fc.nat()])('lies between the best and the worst document, and repeats', (documents, seed) => {
    const interval = bootstrapInterval(documents, perplexityOf, options(200, seed)) as [number, number]
    const each = documents.map(document => perplexityOf([document]))
    expect(interval[0]).toBeGreaterThanOrEqual(Math.min(...each) * (1 - 1e-12))
    expect(interval[1]).toBeLessThanOrEqual(Math.max(...each) * (1 + 1e-12))
    expect(interval[0]).toBeLessThanOrEqual(interval[1])
    expect(bootstrapInterval(documents, perplexityOf, options(200, seed))).toEqual(interval)
  })

  it('covers the true value about 95 times in 100', () => {
    // log-perplexity of a document is uniform in [0, 2] + 1 whatever its length: the truth is e².
    let covered = 0
    for (let experiment = 0; experiment < 200; experiment++) {
      const documents = Array.from({ length: 40 }, (_, d) => ({
        sum: 100 * (1 + 2 * fraction(experiment * 40 + d)),
        weight: 100
      }))
      const [low, high] = bootstrapInterval(documents, perplexityOf, options(300, experiment)) as [number, number]
      if (low <= Math.exp(2) && Math.exp(2) <= high) covered++
    }
    expect(covered).toBeGreaterThan(178)
    expect(covered).toBeLessThan(200)
  })

  it('has nothing to say about one document', () =>
    expect(bootstrapInterval([{ sum: 3, weight: 2 }], perplexityOf, options(100, 0))).toBeNull())
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

it('meanAndError is the mean, and the standard error of the sample', () => {
  expect(meanAndError([1, 0, 0, 1])).toEqual({ mean: 0.5, stderr: Math.sqrt(1 / 3) / 2 })
  expect(meanAndError([1])).toEqual({ mean: 1 })
})
