import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { slidingWindows } from './windows.js'

const geometry = fc
  .integer({ min: 1, max: 60 })
  .chain(length => fc.record({ n: fc.integer({ min: 1, max: 300 }), length: fc.constant(length), stride: fc.integer({ min: 1, max: length }) }))

describe('slidingWindows', () => {
  test.prop([geometry])('scores every token exactly once, in order', ({ n, length, stride }) => {
    const scored: number[] = []
    for (const window of slidingWindows(n, length, stride)) for (let i = window.scored; i < window.end; i++) scored.push(i)
    expect(scored).toEqual(Array.from({ length: n }, (_, i) => i))
  })

  test.prop([geometry])('gives every token beyond the first window W′ − S tokens before it or more, and never feeds more than W′', ({ n, length, stride }) => {
    const windows = [...slidingWindows(n, length, stride)]
    windows.forEach(({ begin, scored, end }, j) => {
      expect(begin).toBe(j * stride)
      expect(end - begin).toBeLessThanOrEqual(length)
      if (j > 0) expect(scored - begin).toBe(length - stride)
    })
    expect(windows.at(-1)?.end).toBe(n)
    expect(windows.slice(0, -1).every(({ end }) => end < n)).toBe(true)
  })

  // reference/peers.md, section 5: n = 32767, W′ = 8191, S = 256 makes 97 windows, of which the first scores 25.0 % of the tokens.
  it('makes the windows of yarn and PoSE', () => {
    const windows = [...slidingWindows(32767, 8191, 256)]
    expect(windows).toHaveLength(97)
    expect(windows[0]).toEqual({ begin: 0, scored: 0, end: 8191 })
    expect(windows[96]).toEqual({ begin: 24576, scored: 32511, end: 32767 })
  })
})
