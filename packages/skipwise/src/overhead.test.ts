import { describe, expect, test } from 'vitest'
import { crossover, medians, overheadCharts, spread, type Overhead } from './overhead.js'

const point = (method: 'full-length' | 'pose', target: number, peakMemoryMB: number, msPerStep: number) => ({
  method,
  target,
  peakMemoryMB,
  msPerStep
})
const overhead: Overhead = {
  window: 512,
  skipped: [],
  points: [
    point('pose', 1024, 400, 100),
    point('pose', 2048, 404, 102),
    point('pose', 4096, 402, 101),
    point('full-length', 1024, 500, 202),
    point('full-length', 2048, 804, 404),
    point('full-length', 4096, 1608, 1616)
  ]
}

describe('full-length training against PoSE', () => {
  test('takes the median of each figure', () => {
    expect(
      medians([point('pose', 1024, 400, 130), point('pose', 1024, 420, 100), point('pose', 1024, 410, 110)])
    ).toEqual(point('pose', 1024, 410, 110))
  })

  test('how far the measurements of PoSE lie apart', () => {
    expect(spread(overhead, 'memory')).toBeCloseTo(0.01, 12)
    expect(spread(overhead, 'time')).toBeCloseTo(0.02, 12)
  })

  test('from which target it costs a multiple: measured, between two targets, below the first, beyond the last', () => {
    expect(crossover(overhead, 'memory', 2)).toBe(2048)
    expect(crossover(overhead, 'time', 8)).toBe(Math.round(2048 * Math.SQRT2))
    expect(crossover(overhead, 'time', 1)).toBe(1024)
    expect(crossover(overhead, 'memory', 5)).toBeUndefined()
  })

  test('is drawn with a line a method', () => {
    const { memory, time } = overheadCharts(overhead)
    expect(memory.series.map(({ name, points }) => [name, points.length])).toEqual([
      ['full-length', 3],
      ['PoSE', 3]
    ])
    expect(time.series[1].points[0]).toEqual([1024, 100])
  })
})
