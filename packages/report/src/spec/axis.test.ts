import { fc, test } from '@fast-check/vitest'
import type { ChartAxis, LineChart } from '@skipwise/core'
import { describe, expect, it } from 'vitest'
import { chartScales } from './axis.js'

const chart = (
  x: ChartAxis['scale'],
  y: ChartAxis['scale'],
  points: readonly (readonly [number, number])[],
  percent = false
): LineChart => ({
  id: 'c',
  title: 'c',
  description: 'c',
  x: { label: 'x', scale: x },
  y: { label: 'y', scale: y, percent },
  series: [{ name: 's', points }]
})
const labels = ({ ticks, format }: { readonly ticks: readonly number[]; readonly format: (value: number) => string }) =>
  ticks.map(format)

describe('chartScales', () => {
  it('counts tokens in powers of two', () => {
    expect(
      labels(
        chartScales(
          chart('log', 'log', [
            [256, 1],
            [8192, 2]
          ])
        ).x
      )
    ).toEqual(['256', '512', '1k', '2k', '4k', '8k'])
    expect(
      labels(
        chartScales(
          chart('log', 'log', [
            [2048, 1],
            [131072, 2]
          ])
        ).x
      )
    ).toEqual(['2k', '4k', '8k', '16k', '32k', '64k', '128k'])
    expect(
      labels(
        chartScales(
          chart('log', 'log', [
            [1, 1],
            [2 ** 20, 2]
          ])
        ).x
      )
    ).toEqual(['1', '4', '16', '64', '256', '1k', '4k', '16k', '64k', '256k', '1M'])
  })

  it.each([
    [100, 120],
    [0.01562500001601563, 0.01562500003906253],
    [64, 65],
    [127.99999999, 128]
  ])('reaches the powers of two around %d to %d', (low, high) => {
    const { domain, ticks } = chartScales(
      chart('log', 'linear', [
        [low, 1],
        [high, 2]
      ])
    ).x
    expect(ticks).toHaveLength(2)
    expect(domain[0]).toBeLessThan(ticks[0])
    expect(domain[1]).toBeGreaterThan(ticks[1])
  })

  it('counts values in 1, 2, 5', () => {
    expect(
      labels(
        chartScales(
          chart('log', 'log', [
            [1, 7.4],
            [2, 911]
          ])
        ).y
      )
    ).toEqual(['5', '10', '20', '50', '100', '200', '500', '1000'])
    expect(
      labels(
        chartScales(
          chart('log', 'log', [
            [1, 3],
            [2, 250000]
          ])
        ).y
      )
    ).toEqual(['2', '10', '100', '1000', '10000', '100000', '500000'])
    expect(
      labels(
        chartScales(
          chart('log', 'linear', [
            [1, 4.6],
            [2, 5.31]
          ])
        ).y
      )
    ).toEqual(['4.6', '4.8', '5.0', '5.2', '5.4'])
    expect(
      labels(
        chartScales(
          chart(
            'log',
            'linear',
            [
              [1, 0],
              [2, 1]
            ],
            true
          )
        ).y
      )
    ).toEqual(['0 %', '20 %', '40 %', '60 %', '80 %', '100 %'])
  })

  const anywhere = fc.double({ min: 1e-6, max: 1e9, noNaN: true })
  const close = fc
    .tuple(anywhere, fc.double({ min: 0, max: 0.5, noNaN: true }))
    .map(([value, more]) => value * (1 + more ** 9))
  const value = fc.oneof(anywhere, close, fc.double({ min: 100, max: 120, noNaN: true }))
  test.prop([
    fc.constantFrom('linear' as const, 'log' as const),
    fc.constantFrom('linear' as const, 'log' as const),
    fc.array(fc.tuple(value, value), { minLength: 0, maxLength: 9 })
  ])('holds every point, with one to thirteen rising ticks inside', (xType, yType, points) => {
    const { x, y } = chartScales(chart(xType, yType, points))
    for (const [scale, values] of [
      [x, points.map(([px]) => px)],
      [y, points.map(([, py]) => py)]
    ] as const) {
      expect(scale.domain[0]).toBeLessThan(scale.domain[1])
      for (const each of values)
        expect(each >= scale.domain[0] * (1 - 1e-9) && each <= scale.domain[1] * (1 + 1e-9)).toBe(true)
      expect(scale.ticks.length).toBeGreaterThanOrEqual(1)
      expect(scale.ticks.length).toBeLessThanOrEqual(13)
      scale.ticks.forEach((tick, i) => expect(tick).toBeGreaterThan(i === 0 ? -Infinity : scale.ticks[i - 1]))
    }
  })

  it.each([
    [NaN, 1],
    [1, Infinity],
    [0, 1],
    [1, -3]
  ])('refuses the point (%d, %d) on log axes', (x, y) => {
    expect(() => chartScales(chart('log', 'log', [[x, y]]))).toThrow("REPORT_CHART_POINT: chart 'c' has a point at")
  })
})
