import { fc, test as property } from '@fast-check/vitest'
import { randomStream } from '@skipwise/core'
import { describePositionTransform } from '@skipwise/testing'
import { describe, expect, test } from 'vitest'
import { chunkStarts } from './chunk-lengths.js'
import { assertPositionIds, contiguous, pose } from './index.js'

describePositionTransform(contiguous, { configs: [{}, { span: 'first' }] })
describePositionTransform(pose, {
  configs: [
    {},
    { chunks: 1 },
    { chunks: 3, lengths: 'equal' },
    { lengths: 'equal' },
    { lengths: 'half' },
    { chunks: 4, lengths: 'half' },
    { content: 'contiguous', maskBoundaryLabels: true },
    { chunks: 5, content: 'aligned' },
    ...['sampled', 'contiguous', 'aligned'].map(content => ({
      chunks: 3,
      content,
      splitAt: Array.from({ length: 50 }, (_, i) => 10 + 3 * (4 * i + 1))
    }))
  ]
})

const posed = (config: object) => pose(config)
/** A document in which each token is its own place. */
const places = (length: number) => Int32Array.from({ length }, (_, place) => place)

/** Any window, document and draw that N chunks fit. */
const scenes = fc
  .record({
    original: fc.integer({ min: 1, max: 200 }),
    more: fc.integer({ min: 0, max: 3000 }),
    longer: fc.integer({ min: 0, max: 4000 }),
    part: fc.double({ min: 0, max: 1, noNaN: true })
  })
  .chain(({ original, more, longer, part }) =>
    fc.record({
      window: fc.constant({ original, target: original + more }),
      document: fc.constant(places(original + longer)),
      chunks: fc.constant(1 + Math.floor(part * (original - 1))),
      draw: fc.record({ seed: fc.nat(), epoch: fc.nat(1000), index: fc.nat() })
    })
  )
const contents = fc.constantFrom('sampled', 'contiguous', 'aligned')
const lengthRules = fc.constantFrom('uniform', 'equal', 'half')

/** First indices of the stretches over which `values` − index is constant. */
const stretchStarts = (values: Int32Array) =>
  Array.from(values.keys()).filter(t => t === 0 || values[t] !== values[t - 1] + 1)

describe('pose', () => {
  property.prop([scenes, contents, lengthRules])(
    'gives strictly increasing ids in range and content in order, in at most N stretches',
    ({ window, document, chunks, draw }, content, lengths) => {
      const { ids, positionIds, labelMask } = posed({ chunks, content, lengths }).example(document, window, draw)
      for (const values of [ids, positionIds]) {
        expect(values).toHaveLength(window.original)
        expect(values[0]).toBe(0)
        expect(values.every((value, t) => t === 0 || value > values[t - 1])).toBe(true)
        expect(stretchStarts(values).length).toBeLessThanOrEqual(chunks)
      }
      expect(positionIds.at(-1)).toBeLessThan(window.target)
      expect(ids.at(-1)).toBeLessThan(document.length)
      expect(labelMask).toEqual(new Uint8Array(window.original).fill(1, 1))
    }
  )

  property.prop([scenes, contents, lengthRules])(
    'is a function of the draw alone, and has the same positions under every content strategy',
    ({ window, document, chunks, draw }, content, lengths) => {
      const transform = posed({ chunks, content, lengths })
      const example = transform.example(document, window, draw)
      transform.example(document, window, { ...draw, index: draw.index + 1 })
      expect(posed({ chunks, content, lengths }).example(document, window, draw)).toEqual(example)
      expect(posed({ chunks, content: 'sampled', lengths }).example(document, window, draw).positionIds).toEqual(
        example.positionIds
      )
    }
  )

  property.prop([scenes, lengthRules])(
    'contiguous content is the first T tokens; aligned content lies at its positions where the document reaches',
    ({ window, document, chunks, draw }, lengths) => {
      expect(posed({ chunks, content: 'contiguous', lengths }).example(document, window, draw).ids).toEqual(
        document.slice(0, window.original)
      )
      const { ids, positionIds } = posed({ chunks, content: 'aligned', lengths }).example(document, window, draw)
      const spare = document.length - window.original
      ids.forEach((place, t) => expect(place).toBe(t + Math.min(positionIds[t] - t, spare)))
      if (document.length >= window.target) expect(ids).toEqual(positionIds)
    }
  )

  property.prop([scenes, contents])(
    'maskBoundaryLabels leaves out exactly the first tokens of the N chunks',
    ({ window, document, chunks, draw }, content) => {
      const { positionIds, ids, labelMask } = posed({ chunks, content, maskBoundaryLabels: true }).example(
        document,
        window,
        draw
      )
      const masked = Array.from(labelMask.keys()).filter(t => labelMask[t] === 0)
      expect(masked).toHaveLength(chunks)
      for (const values of [positionIds, ids])
        for (const start of stretchStarts(values)) expect(masked).toContain(start)
    }
  )

  test('draws every skip and every content offset from the one before to the limit', () => {
    const window = { original: 4, target: 7 }
    const document = places(6)
    const seen = new Map<string, number>()
    const n = 60000
    for (let index = 0; index < n; index++) {
      const { positionIds, ids } = posed({ chunks: 3, lengths: 'equal' }).example(document, window, {
        seed: 1,
        epoch: 0,
        index
      })
      // equal chunks begin at 0, 1, 2
      const key = [positionIds[1] - 1, positionIds[2] - 2, ids[1] - 1, ids[2] - 2].join()
      seen.set(key, (seen.get(key) ?? 0) + 1)
    }
    let outcomes = 0
    for (let u1 = 0; u1 <= 3; u1++)
      for (let u2 = u1; u2 <= 3; u2++)
        for (let v1 = 0; v1 <= 2; v1++)
          for (let v2 = v1; v2 <= 2; v2++) {
            const p = 1 / 4 / (4 - u1) / 3 / (3 - v1)
            outcomes++
            expect(Math.abs((seen.get([u1, u2, v1, v2].join()) ?? 0) / n - p)).toBeLessThan(5 * Math.sqrt(p / n))
          }
    expect(seen.size).toBe(outcomes)
  })

  test('more chunks than tokens', () => {
    expect(() =>
      posed({ chunks: 5 }).example(places(9), { original: 4, target: 8 }, { seed: 0, epoch: 0, index: 0 })
    ).toThrow('POSITIONS_WINDOW: 5 chunks')
  })
})

describe('chunk starts', () => {
  test('uniform: every composition of 7 into 3 parts comes with probability 1/15', () => {
    const n = 6000
    const seeds = 20
    let chiSquare = 0
    for (let seed = 0; seed < seeds; seed++) {
      const random = randomStream({ seed, stream: 'test' })
      const seen = new Map<string, number>()
      for (let i = 0; i < n; i++) {
        const key = chunkStarts('uniform', 7, 3, random).join()
        seen.set(key, (seen.get(key) ?? 0) + 1)
      }
      expect(seen.size).toBe(15)
      chiSquare += [...seen.values()].reduce((sum, count) => sum + (count - n / 15) ** 2 / (n / 15), 0)
    }
    // 14 degrees of freedom a seed; four standard deviations on either side
    expect(Math.abs(chiSquare - 14 * seeds)).toBeLessThan(4 * Math.sqrt(2 * 14 * seeds))
  })
  test('equal: parts differ by at most one token', () => {
    expect([...chunkStarts('equal', 10, 3, randomStream({ seed: 0, stream: 'test' }))]).toEqual([0, 3, 6, 10])
  })
  test('half: the first of 1 … ⌊(T + 1) / 2⌋ tokens, the rest split like uniform', () => {
    const n = 12000
    const seen = new Map<string, number>()
    const random = randomStream({ seed: 0, stream: 'test' })
    for (let i = 0; i < n; i++) {
      const key = chunkStarts('half', 6, 3, random).join()
      seen.set(key, (seen.get(key) ?? 0) + 1)
    }
    for (let first = 1; first <= 3; first++)
      for (let second = first + 1; second <= 5; second++) {
        const p = 1 / 3 / (5 - first)
        expect(Math.abs((seen.get([0, first, second, 6].join()) ?? 0) / n - p)).toBeLessThan(4.5 * Math.sqrt(p / n))
      }
    expect([...chunkStarts('half', 3, 3, random)]).toEqual([0, 1, 2, 3])
  })
  test('as many chunks as tokens', () => {
    expect([...chunkStarts('uniform', 4, 4, randomStream({ seed: 0, stream: 'test' }))]).toEqual([0, 1, 2, 3, 4])
  })
})

describe('contiguous', () => {
  test('takes every run of the document, at positions 0 … T − 1', () => {
    const starts = new Set<number>()
    for (let index = 0; index < 200; index++) {
      const { ids, positionIds } = contiguous({ span: 'random' }).example(
        places(12),
        { original: 8, target: 64 },
        { seed: 0, epoch: 0, index }
      )
      expect([...positionIds]).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
      expect(stretchStarts(ids)).toEqual([0])
      starts.add(ids[0])
    }
    expect([...starts].sort()).toEqual([0, 1, 2, 3, 4])
  })
})

test.each([
  [[0, 2, 2], 1e9],
  [[1, 0], 1e9],
  [[-1, 0], 1e9],
  [[0, 1, 8], 8]
])('assertPositionIds refuses %j below %d', (positionIds, target) => {
  expect(() => assertPositionIds(Int32Array.from(positionIds), target)).toThrow('POSITIONS_INVALID')
})
