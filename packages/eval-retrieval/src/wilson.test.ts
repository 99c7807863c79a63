import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { wilsonInterval } from './wilson.js'

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
