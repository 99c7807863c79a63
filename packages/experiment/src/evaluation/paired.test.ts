import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { holm, pairedInterval, pairedTest, signTest } from './paired.js'

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

it('pairedInterval lies around the difference of the means', () => {
  const pairs = pairsOf(Array.from({ length: 50 }, (_, i) => 1 + Math.sin(i)))
  const mean = (drawn: readonly { a: number; b: number }[]) =>
    drawn.reduce((sum, { a, b }) => sum + b - a, 0) / drawn.length
  const [low, high] = pairedInterval(pairs, mean, 0) as [number, number]
  // 1 ± 1.96 · 0.707 / √50
  expect(low).toBeCloseTo(0.81, 1)
  expect(high).toBeCloseTo(1.2, 1)
  expect(pairedInterval(pairs.slice(0, 1), mean, 0)).toBeNull()
})

describe('holm', () => {
  // Sorted: 0.005·4, 0.01·3, 0.03·2, 0.04·1, none less than the one before.
  it('multiplies by the number of hypotheses left', () =>
    expect(holm([0.01, 0.04, 0.03, 0.005]).map(p => +p.toFixed(12))).toEqual([0.03, 0.06, 0.06, 0.02]))
  it('never exceeds 1', () => expect(holm([0.7, 0.9])).toEqual([1, 1]))
})
