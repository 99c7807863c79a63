import type { RopeGeometry } from '@skipwise/core'
import { fc, test as property } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { searchLongropeFactors } from './index.js'

const geometry: RopeGeometry = { rotaryDim: 32, base: 10000, originalLength: 256, targetLength: 2048 }
/** A perplexity with one best: factors that grow with the square of the index. */
const best = Array.from({ length: 16 }, (_, i) => 1 + 7 * (i / 15) ** 2)
const perplexity = (factors: Float64Array) =>
  5 + factors.reduce((sum, factor, i) => sum + Math.log(factor / best[i]) ** 2, 0)

test('comes nearer to the best with every round, from the best starting point', async () => {
  const {
    factors,
    perplexity: found,
    history,
    evaluations
  } = await searchLongropeFactors({ geometry, perplexity, rounds: 40, parents: 12, children: 24 })
  for (let round = 1; round < history.length; round++) expect(history[round]).toBeLessThanOrEqual(history[round - 1])
  expect(history).toHaveLength(41)
  expect(found - 5).toBeLessThan((history[0] - 5) / 4)
  expect(found).toBe(perplexity(factors))
  expect(evaluations).toBeLessThanOrEqual(3 + 40 * 24)
})

test('is a function of its seed', async () => {
  const [one, same, other] = await Promise.all(
    [1, 1, 2].map(seed => searchLongropeFactors({ geometry, perplexity, seed, rounds: 3 }))
  )
  expect(same).toEqual(one)
  expect(other.factors).not.toEqual(one.factors)
})

test('measures nothing twice, and NaN is the worst', async () => {
  const seen = new Set<string>()
  const { perplexity: found } = await searchLongropeFactors({
    geometry,
    rounds: 3,
    perplexity: factors => {
      expect(seen.has(factors.join())).toBe(false)
      seen.add(factors.join())
      return seen.size === 1 ? 7 : NaN
    }
  })
  expect(found).toBe(7)
})

property.prop(
  [fc.integer({ min: 0, max: 1e6 }), fc.double({ min: 1, max: 64, noNaN: true }), fc.integer({ min: 1, max: 12 })],
  { numRuns: 30 }
)('factors rise, from 1 to at most 1.25 s', async (seed, s, half) => {
  const tried: Float64Array[] = []
  await searchLongropeFactors({
    geometry: { ...geometry, rotaryDim: 2 * half, targetLength: 256 * s },
    seed,
    rounds: 2,
    perplexity: factors => tried.push(factors)
  })
  for (const factors of tried) {
    factors.forEach((factor, i) => expect(factor).toBeGreaterThanOrEqual(i === 0 ? 1 : factors[i - 1]))
    // a factor is rounded to the grid of 0.01
    expect(factors[factors.length - 1]).toBeLessThanOrEqual(1.25 * s + 0.005 + 1e-9)
  }
})

test('stops when it is told to', async () => {
  const stop = new AbortController()
  await expect(
    searchLongropeFactors({ geometry, signal: stop.signal, perplexity: () => (stop.abort(new Error('enough')), 1) })
  ).rejects.toThrow('enough')
})
