import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import type { EvalResult } from './eval-suite.js'
import { lengthChart } from './length-chart.js'
import { byLength, formatPercent, metricAt, metricParts } from './metric-name.js'

test.prop([fc.string(), fc.nat()])('metricParts gives back what metricAt was given', (name, length) => {
  expect(metricParts(metricAt(name, length))).toEqual({ name, length })
})

it.each(['perplexity', 'effective-length', 'a@', 'a@b', 'a@4096x', 'a@-1', 'acc_stderr'])('%s is not by length', name =>
  expect(metricParts(name)).toBeUndefined()
)

const result = (model: string, metrics: Record<string, number>, maxLength?: unknown): EvalResult => ({
  suite: 'test',
  version: 1,
  model,
  config: {},
  metrics,
  details: { maxLength }
})

it('byLength takes one metric, shortest first', () => {
  const metrics = { 'a@1024': 3, 'b@512': 9, 'a@512': 2, 'aa@512': 8, a: 7 }
  expect(byLength({ metrics }, 'a')).toEqual([
    [512, 2],
    [1024, 3]
  ])
  expect(byLength({ metrics }, 'c')).toEqual([])
})

describe('lengthChart', () => {
  const kind = {
    id: 'a',
    metric: 'a',
    title: 'A by length',
    x: 'Tokens',
    y: { label: 'A', scale: 'linear' as const },
    words: (value: number) => value.toFixed(1)
  }

  it('has a series a result, and says the same in words', () => {
    const chart = lengthChart([result('one', { 'a@512': 2, 'a@1024': 3 }), result('two', { 'a@512': 4 })], kind)
    expect(chart.series).toEqual([
      {
        name: 'one',
        points: [
          [512, 2],
          [1024, 3]
        ]
      },
      { name: 'two', points: [[512, 4]] }
    ])
    expect(chart.description).toBe('A by length. one: 2.0 at 512, 3.0 at 1024. two: 4.0 at 512.')
    expect(lengthChart([], { ...kind, shows: 'B' }).description).toMatch(/^B\. /)
  })

  it('has a rule where a window ends among the lengths', () => {
    const metrics = { 'a@512': 2, 'a@1024': 3 }
    const rulesOf = (...windows: unknown[]) =>
      lengthChart(
        windows.map((window, i) => result(`${i}`, metrics, window)),
        kind
      ).rules
    expect(rulesOf(512, 600, 512)).toEqual([
      { x: 512, label: 'window of 512' },
      { x: 600, label: 'window of 600' }
    ])
    expect(rulesOf(256, 1024, 4096, undefined, '600')).toEqual([])
  })
})

it('writes a share as percent', () => {
  expect([0, 0.95, 1, 0.333].map(formatPercent)).toEqual(['0 %', '95 %', '100 %', '33.3 %'])
})
