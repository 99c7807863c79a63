import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { pose } from './index.js'

const BREAK = 7

/** Documents of a token that begins sentences and one that does not, and a draw. */
const scenes = fc
  .record({
    original: fc.integer({ min: 1, max: 40 }),
    more: fc.integer({ min: 0, max: 200 }),
    text: fc.array(fc.constantFrom(BREAK, 1, 1, 1), { minLength: 40, maxLength: 300 }),
    chunks: fc.integer({ min: 1, max: 5 }),
    content: fc.constantFrom('sampled', 'contiguous', 'aligned'),
    seed: fc.nat()
  })
  .filter(({ original, chunks }) => chunks <= original)

describe('pose with splitAt', () => {
  property.prop([scenes])(
    'splits only before boundaries, on both sides of the split, and keeps order and range',
    ({ original, more, text, chunks, content, seed }) => {
      const window = { original, target: original + more }
      // the upper bits tell the place, the lower the token
      const places = Int32Array.from(text, (id, place) => place * 8 + id)
      const splitAt = Array.from(places).filter(id => id % 8 === BREAK)
      const { ids, positionIds, labelMask } = pose({ chunks, content, splitAt, maskBoundaryLabels: true }).example(
        places,
        window,
        { seed, epoch: 0, index: 0 }
      )
      const placeOf = (t: number) => ids[t] >> 3
      const starts = Array.from(labelMask.keys()).filter(t => labelMask[t] === 0)
      expect(starts.length).toBeLessThanOrEqual(chunks)
      if (splitAt.length === 0) return expect(starts).toEqual([0])
      for (let t = 1; t < original; t++) {
        expect(positionIds[t]).toBeGreaterThan(positionIds[t - 1])
        expect(placeOf(t)).toBeGreaterThan(placeOf(t - 1))
        if (starts.includes(t)) {
          expect(ids[t] % 8).toBe(BREAK)
          expect(text[placeOf(t - 1) + 1]).toBe(BREAK)
        } else expect([positionIds[t] - positionIds[t - 1], placeOf(t) - placeOf(t - 1)]).toEqual([1, 1])
        if (content === 'contiguous') expect(placeOf(t)).toBe(t)
        if (content === 'aligned' && text.length >= window.target) expect(positionIds[t]).toBe(placeOf(t))
      }
    }
  )

  test('takes the boundary next to the cut, and fewer chunks where there are none', () => {
    const document = Int32Array.of(1, 1, BREAK, 1, 1, 1, 1, 1, 1, 1)
    const positions = (config: object) =>
      pose({ lengths: 'equal', content: 'contiguous', splitAt: [BREAK], ...config }).example(
        document,
        { original: 8, target: 9 },
        { seed: 0, epoch: 0, index: 1 }
      ).positionIds
    expect([
      [0, 1, 2, 3, 4, 5, 6, 7],
      [0, 1, 3, 4, 5, 6, 7, 8]
    ]).toContainEqual([...positions({})])
    expect([...positions({ splitAt: [99] })]).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(
      [...positions({ chunks: 4 })].filter((p, t, all) => t > 0 && p !== all[t - 1] + 1).length
    ).toBeLessThanOrEqual(1)
  })
})
