import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import {
  contiguous,
  coverageChart,
  estimateCoverage,
  exactCoverage,
  fullLength,
  planCoverage,
  pose,
  randpos
} from './index.js'

const posed = (config: object) => pose(config)

/** Counts over every cut and skip. */
function enumerated(original: number, target: number, cuts: readonly number[]): number[] {
  const counts = new Array(target).fill(0)
  const skips = target - original + 1
  for (const cut of cuts)
    for (let skip = 0; skip < skips; skip++) {
      const positionIds = Array.from({ length: original }, (_, t) => (t < cut ? t : t + skip))
      for (const distance of new Set(positionIds.flatMap(a => positionIds.map(b => Math.abs(a - b)))))
        counts[distance] += 1 / skips / cuts.length
    }
  return counts
}

describe('exact coverage of two chunks', () => {
  property.prop([fc.integer({ min: 2, max: 9 }), fc.integer({ min: 0, max: 12 })], { numRuns: 40 })(
    'equals the enumeration of every cut and skip',
    (original, more) => {
      const window = { original, target: original + more }
      const uniform = enumerated(
        original,
        original + more,
        Array.from({ length: original - 1 }, (_, i) => i + 1)
      )
      const equal = enumerated(original, original + more, [Math.floor(original / 2)])
      exactCoverage(window).forEach((p, distance) => expect(p).toBeCloseTo(uniform[distance], 12))
      exactCoverage(window, { lengths: 'equal' }).forEach((p, distance) => expect(p).toBeCloseTo(equal[distance], 12))
    }
  )

  test('2,048 → 16,384: 14.3 % from 2,048 to 14,336, then a linear fall', () => {
    const p = exactCoverage({ original: 2048, target: 16384 })
    const flat = 2047 / 14337
    expect(flat).toBeCloseTo(0.1428, 4)
    for (let distance = 2048; distance <= 14336; distance++) expect(p[distance]).toBeCloseTo(flat, 14)
    for (let distance = 14338; distance < 16384; distance++)
      expect(p[distance]).toBeCloseTo((16384 - distance) / 14337, 14)
    expect(p[1023]).toBe(1)
    expect(p[0]).toBe(1)
  })

  test('2,048 → 131,072: 1.6 %', () =>
    expect(exactCoverage({ original: 2048, target: 131072 })[65536]).toBeCloseTo(0.016, 3))
  test('one chunk covers its window and no more', () =>
    expect([...exactCoverage({ original: 2, target: 4 }, { chunks: 1 })]).toEqual([1, 1, 0, 0]))
  test('three chunks have no closed form', () =>
    expect(() => exactCoverage({ original: 8, target: 16 }, { chunks: 3 })).toThrow('COVERAGE_CHUNKS'))
})

describe('estimated coverage', () => {
  const window = { original: 2048, target: 16384 }

  test.each(['uniform', 'equal'] as const)(
    '2,048 → 16,384, N = 2, %s: agrees with the exact value within its standard error',
    lengths => {
      const exact = exactCoverage(window, { lengths })
      const examples = 10000
      const { probability } = estimateCoverage(posed({ lengths }), window, { examples, seed: 0 })
      let squares = 0
      let worst = 0
      let random = 0
      exact.forEach((p, distance) => {
        const standardError = Math.sqrt((p * (1 - p)) / examples)
        if (standardError === 0) return expect(probability[distance]).toBe(p)
        const z = (probability[distance] - p) / standardError
        squares += z * z
        worst = Math.max(worst, Math.abs(z))
        random++
      })
      // the z of near distances go together, so their mean square is 1 give or take much more than 1/√15,000
      expect(squares / random).toBeGreaterThan(0.3)
      expect(squares / random).toBeLessThan(2)
      expect(worst).toBeLessThan(4.5)
    }
  )

  test('counts each distance once in an example of many runs', () => {
    const { probability, standardError, examples } = estimateCoverage(
      posed({ chunks: 8 }),
      { original: 8, target: 8 },
      { examples: 3, seed: 0 }
    )
    expect([...probability]).toEqual(new Array(8).fill(1))
    expect([...standardError]).toEqual(new Array(8).fill(0))
    expect(examples).toBe(3)
  })

  test('more chunks cover more of the far distances, and skipping beats none', () => {
    const far = (chunks: number) =>
      estimateCoverage(posed({ chunks }), window, { examples: 500, seed: 0 })
        .probability.slice(2048, 14336)
        .reduce((sum, p) => sum + p, 0)
    expect(far(3)).toBeGreaterThan(1.2 * far(2))
    expect(
      estimateCoverage(contiguous({ span: 'first' }), window, { examples: 2, seed: 0 })
        .probability.slice(2048)
        .every(p => p === 0)
    ).toBe(true)
  })
})

describe('a plan', () => {
  const window = { original: 2048, target: 16384 }
  const planned = 64000

  test('of 120,000 tokens at 2,048 → 131,072 is even, of 131,072 is not: T + L_c', () => {
    const large = { original: 2048, target: 131072 }
    const even = planCoverage(posed({}), { window: large, serve: 120000, planned })
    expect(even).toMatchObject({
      isEven: true,
      examples: undefined,
      recommendedTarget: 122048,
      rarest: { distance: 2047 }
    })
    expect(even.rarest.expectedExamples).toBeCloseTo((64000 * 2047) / 129025, 6)
    const whole = planCoverage(posed({}), { window: large, planned })
    expect(whole).toMatchObject({ isEven: false, recommendedTarget: 133120, rarest: { distance: 131071 } })
    expect(whole.rarest.probability).toBeCloseTo(1 / 129025, 12)
    expect(planCoverage(posed({}), { window: { original: 2048, target: 133120 }, serve: 131072, planned }).isEven).toBe(
      true
    )
    expect(planCoverage(posed({}), { window: large, serve: 200000, planned })).toMatchObject({ isEven: false })
  })

  test('counts the distances that a run is expected not to show', () => {
    const small = { original: 4, target: 8 }
    const p = exactCoverage(small)
    expect(planCoverage(posed({}), { window: small, planned: 3 }).expectedUnseen).toBeCloseTo(
      p.reduce((sum, value) => sum + (1 - value) ** 3, 0),
      12
    )
    expect(planCoverage(posed({}), { window: small, serve: 10, planned: 1e9 }).expectedUnseen).toBeCloseTo(2, 6)
  })

  // figure 5 of the paper: the original falls to 0 at L_c; three chunks lie above two; RandPos is near 1
  test('has the curves of figure 5', () => {
    const of = (transform: Parameters<typeof planCoverage>[0]) =>
      planCoverage(transform, { window, planned, examples: 400 })
    const [none, two, three, random, full] = [
      contiguous({ span: 'first' }),
      posed({}),
      posed({ chunks: 3 }),
      randpos(),
      fullLength({ span: 'first' })
    ].map(of)
    for (let r = 2048; r < 14000; r += 500) {
      expect(none.probability[r]).toBe(0)
      expect(two.probability[r]).toBeCloseTo(0.1428, 4)
      expect(three.probability[r]).toBeGreaterThan(two.probability[r])
      expect(random.probability[r]).toBeGreaterThan(0.99)
      expect(full.probability[r]).toBe(1)
    }
    expect([none.probability[1000], two.probability[1000]]).toEqual([1, 1])
    expect(two.probability[1500]).toBeLessThan(1)
    const chart = coverageChart(
      [
        { name: 'none', plan: none },
        { name: 'pose', plan: two }
      ],
      window,
      12000
    )
    expect(chart.series.map(({ name }) => name)).toEqual(['none', 'pose'])
    expect(chart).toMatchObject({
      rules: [
        { x: 2048, label: 'original window' },
        { x: 12000, label: 'served' }
      ]
    })
  })

  test('counts examples of few and of many runs alike', () => {
    const small = { original: 12, target: 40 }
    for (const transform of [posed({ chunks: 3 }), randpos()]) {
      const examples = 50
      const counts = new Float64Array(40)
      const document = new Int32Array(41)
      for (let index = 0; index < examples; index++) {
        const { positionIds } = transform.example(document, small, { seed: 0, epoch: 0, index })
        const held = new Set<number>()
        positionIds.forEach(a => positionIds.forEach(b => held.add(Math.abs(a - b))))
        for (const distance of held) counts[distance]++
      }
      expect(estimateCoverage(transform, small, { examples, seed: 0 }).probability).toEqual(
        counts.map(count => count / examples)
      )
    }
    // a target large against the runs is counted by sorting them: the same numbers as of every pair
    const large = { original: 6, target: 400 }
    const transform = posed({ chunks: 3 })
    const { positionIds } = transform.example(new Int32Array(401), large, { seed: 0, epoch: 0, index: 0 })
    const held = new Set(Array.from(positionIds).flatMap(a => Array.from(positionIds, b => Math.abs(a - b))))
    estimateCoverage(transform, large, { examples: 1, seed: 0 }).probability.forEach((p, r) =>
      expect(p, `distance ${r}`).toBe(held.has(r) ? 1 : 0)
    )
  })
})
