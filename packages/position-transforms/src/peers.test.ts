import { describePositionTransform } from '@skipwise/testing'
import type { PositionTransform, Window } from '@skipwise/core'
import { describe, expect, test } from 'vitest'
import { axolotl, cream, exactCoverage, fullLength, longrecipe, paddlenlp, poseRepo, poseV1, randpos } from './index.js'

describePositionTransform(fullLength, {
  configs: [{}, { span: 'first' }],
  windows: [
    { original: 64, target: 65 },
    { original: 16, target: 16 },
    { original: 7, target: 100 }
  ]
})
describePositionTransform(randpos)
describePositionTransform(poseRepo)
describePositionTransform(poseV1)
describePositionTransform(paddlenlp)
describePositionTransform(axolotl, { configs: [{}, { chunks: 3 }, { splitAt: [10, 13, 28, 40] }] })
describePositionTransform(cream, {
  windows: [
    { original: 2048, target: 16384 },
    { original: 64, target: 65 },
    { original: 16, target: 16 },
    { original: 100, target: 1050 }
  ]
})
describePositionTransform(longrecipe, { configs: [{ splitAfter: [16, 22, 25, 61, 100] }, {}] })

/** Shares of what `key` says of examples; the document's tokens are their places. */
function shares(
  transform: PositionTransform,
  window: Window,
  documentTokens: number,
  key: (ids: number[], positions: number[]) => unknown,
  n = 30000
): Map<string, number> {
  const document = Int32Array.from({ length: documentTokens }, (_, place) => place)
  const seen = new Map<string, number>()
  for (let index = 0; index < n; index++) {
    const { ids, positionIds } = transform.example(document, window, { seed: 3, epoch: 0, index })
    const name = JSON.stringify(key([...ids], [...positionIds]))
    seen.set(name, (seen.get(name) ?? 0) + 1 / n)
  }
  return seen
}

/** Expects the outcomes of a definition, written out, with their probabilities. */
function expectShares(seen: Map<string, number>, outcomes: Iterable<readonly [unknown, number]>, n = 30000): void {
  const expected = new Map<string, number>()
  for (const [outcome, p] of outcomes)
    expected.set(JSON.stringify(outcome), (expected.get(JSON.stringify(outcome)) ?? 0) + p)
  expect([...seen.keys()].filter(key => !expected.has(key))).toEqual([])
  for (const [key, p] of expected)
    expect(Math.abs((seen.get(key) ?? 0) - p), `${key}: ${seen.get(key)}, by definition ${p}`).toBeLessThan(
      4.5 * Math.sqrt(p / n)
    )
}

const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)

describe("distributions of the peers' definitions (peers.md §1.1, §2)", () => {
  const whole = (ids: number[], positions: number[]) => [ids, positions]

  test.each([
    ['pose-repo', poseRepo, false],
    ['pose-v1', poseV1, true]
  ] as const)('%s', (_, plugin, shifts) => {
    const T = 4
    const L = 6
    const n = 6
    const outcomes: [unknown, number][] = []
    for (let r = 1; r <= 2; r++)
      for (let e = T; e <= n; e++)
        for (let lt = 0; lt <= (shifts ? L - T : 0); lt++)
          for (let rt = lt; rt <= L - T; rt++) {
            const p = 1 / 2 / (n - T + 1) / (shifts ? L - T + 1 : 1) / (L - T - lt + 1)
            outcomes.push([
              [
                [...range(0, r), ...range(e - (T - r), e)],
                [...range(lt, lt + r), ...range(rt + r, rt + T)]
              ],
              p
            ])
          }
    expectShares(shares(plugin(), { original: T, target: L }, n, whole), outcomes)
  })

  test('coverage: pose-repo as the paper beyond the window, pose-v1 0.42, 0.10 and 0.01 at 2,048, 8,192 and 14,336', () => {
    const window = { original: 2048, target: 16384 }
    const repo = poseRepo().coverage?.(window) as Float64Array
    const v1 = poseV1().coverage?.(window) as Float64Array
    exactCoverage(window).forEach((p, r) => {
      if (r >= 2048) expect(repo[r]).toBeCloseTo(p, 12)
    })
    expect([2048, 8192, 14336].map(r => +v1[r].toFixed(2))).toEqual([0.42, 0.1, 0.01])
  })

  test('pose-repo sees five windows of a document and no more', () => {
    const places = shares(poseRepo(), { original: 4, target: 8 }, 100, ids => ids[3], 5000)
    expect(Math.max(...[...places.keys()].map(Number))).toBe(19)
  })

  test('paddlenlp', () => {
    const T = 4
    const n = 8
    const outcomes: [unknown, number][] = []
    for (let r = 1; r <= 2; r++)
      for (let e = T; e <= n - 1; e++) {
        const places = [...range(0, r), ...range(e - (T - r), e)]
        outcomes.push([[places, places], 1 / 2 / (n - T)])
      }
    expectShares(shares(paddlenlp(), { original: T, target: 16 }, n, whole), outcomes)
  })

  test('paddlenlp has no label across the chunks', () => {
    for (let index = 0; index < 20; index++) {
      const { labelMask, positionIds } = paddlenlp().example(
        Int32Array.from(range(0, 40)),
        { original: 4, target: 40 },
        { seed: 0, epoch: 0, index }
      )
      const jump = positionIds.findIndex((position, t) => t > 0 && position !== positionIds[t - 1] + 1)
      if (jump > 0) expect([...labelMask]).toEqual(range(0, 4).map(t => (t === 0 || t === jump ? 0 : 1)))
    }
  })

  test('axolotl: equal chunks, a skip before each from what is left', () => {
    const T = 7
    const L = 10
    const outcomes: [unknown, number][] = []
    for (let a = 0; a <= L - T; a++)
      for (let b = 0; b <= L - T - a; b++) {
        outcomes.push([
          [range(0, T), [...range(0, 2), ...range(2 + a, 4 + a), ...range(4 + a + b, 7 + a + b)]],
          1 / (L - T + 1) / (L - T - a + 1)
        ])
      }
    expectShares(shares(axolotl({ chunks: 3, splitAt: [] }), { original: T, target: L }, 20, whole), outcomes)
  })

  test('axolotl: every split token begins a chunk, but a first one below 2', () => {
    const at = (splitAt: number[]) =>
      shares(axolotl({ chunks: 2, splitAt }), { original: 6, target: 7 }, 6, (_, positions) => positions)
    // one skip of 0 or 1 at each of the places that are left
    expectShares(at([3]), [
      [range(0, 6), 1 / 2],
      [[0, 1, 2, 4, 5, 6], 1 / 2]
    ])
    expectShares(at([1, 4]), [
      [range(0, 6), 1 / 2],
      [[0, 1, 2, 3, 5, 6], 1 / 2]
    ])
    expectShares(at([0, 1, 4]), [
      [range(0, 6), 1 / 4],
      [[0, 1, 2, 3, 5, 6], 1 / 4],
      [[0, 2, 3, 4, 5, 6], 1 / 2]
    ])
  })

  test('randpos: every set of positions with the same probability', () => {
    const sets = range(0, 5).flatMap(a => range(a + 1, 6).flatMap(b => range(b + 1, 7).map(c => [a, b, c])))
    expectShares(
      shares(randpos(), { original: 3, target: 7 }, 9, (ids, positions) => [ids, positions]),
      sets.map(set => [[[0, 1, 2], set], 1 / 35])
    )
  })

  test('longrecipe: a sorted sample of gaps between sentences, none before the first and in the unbroken begin', () => {
    const T = 6
    const M = 2
    const ends = [2, 4]
    const cuts = [0, 3, 5, 6]
    const n = 3
    const outcomes: [unknown, number][] = []
    const samples: number[][] = []
    for (const a of range(0, M + n))
      for (const b of range(a + 1, M + n)) for (const c of range(b + 1, M + n)) samples.push([0, b - 1, c - 2])
    for (const skips of samples)
      for (const r of [1, 2, 3]) {
        const positions = range(0, T).map(t => t + (t < r ? 0 : skips[cuts.findLastIndex(cut => cut <= t)]))
        outcomes.push([positions, 1 / samples.length / 3])
      }
    expectShares(
      shares(longrecipe({ splitAfter: ends }), { original: T, target: T + M }, 8, (_, positions) => positions),
      outcomes
    )
  })

  test('cream: head and tail at both ends, a middle between, either division half of the time', () => {
    const T = 90
    const L = 720
    const windows = 8
    const seen = shares(
      cream(),
      { original: T, target: L },
      L,
      (_, positions) => {
        const breaks = positions.map((p, t) => (t > 0 && p !== positions[t - 1] + 1 ? t : 0)).filter(Boolean)
        return [positions[0], positions[T - 1], breaks[0]]
      },
      4000
    )
    const heads = [...seen].reduce((sum, [key, share]) => sum + (JSON.parse(key)[2] === T / 3 ? share : 0), 0)
    expect(Math.abs(heads - 0.5)).toBeLessThan(0.06)
    for (const key of seen.keys()) expect((JSON.parse(key) as number[]).slice(0, 2)).toEqual([0, windows * T - 1])
  })

  test('cream: text at its positions where the document is long enough, else from its end', () => {
    const transform = cream()
    const window = { original: 90, target: 720 }
    for (let index = 0; index < 50; index++) {
      const long = transform.example(Int32Array.from(range(0, 720)), window, { seed: 0, epoch: 0, index })
      expect(long.ids).toEqual(long.positionIds)
      const short = transform.example(Int32Array.from(range(0, 90)), window, { seed: 0, epoch: 0, index })
      expect([...short.ids]).toEqual(range(0, 90))
    }
  })
})
