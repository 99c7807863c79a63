import { describe, expect, test } from 'vitest'
import { composeReport } from './compose-report.js'
import type { ExperimentResult } from './result.js'
import { lossChart, validationCharts } from './training-charts.js'

/**
 * What charts read of a run, and no more: hence the casts. A whole result takes a training run; test/baselines.test.ts
 * of skipwise has one.
 */
const run = (name: string, metric?: string, scores: readonly (number | null)[] = [], more: object = {}) =>
  ({
    name,
    recipe: { train: metric === undefined ? {} : { validate: { every: 100, metric, ...more } } },
    training: {
      losses: Array.from({ length: 1000 }, (_, step) => 3 - step / 1000),
      tokensPerSecond: 1,
      peakMemoryMB: 1,
      validation:
        metric === undefined ? undefined : { scores: scores.map((score, i) => ({ step: 100 * (i + 1), score })) }
    }
  }) as unknown as ExperimentResult

describe('charts of a run', () => {
  test('show the validation by step on the axis of the loss, the best marked in both', () => {
    const one = run('pose', 'passkey@16384', [0.72, 0.9, 0.56])
    const [chart, ...others] = validationCharts(one)
    const loss = lossChart(one)
    expect(others).toEqual([])
    expect(chart).toEqual({
      id: 'validation',
      title: 'Validation: passkey@16384',
      x: { label: 'Step', scale: 'linear', domain: [0, 1000] },
      y: { label: 'passkey@16384', scale: 'linear', percent: true, domain: [0, 1] },
      series: [
        {
          name: 'passkey@16384',
          points: [
            [100, 0.72],
            [200, 0.9],
            [300, 0.56]
          ]
        }
      ],
      rules: [{ x: 200, label: 'best: step 200' }],
      description: 'passkey@16384 by step, best 0.9 after step 200, after the last 0.56.'
    })
    expect([loss.x, loss.rules]).toEqual([chart.x, chart.rules])
    expect(loss.series[0].points).toHaveLength(334)
  })

  test('mark the lowest perplexity, or what the recipe says is better; what is no number is left out', () => {
    const best = (...of: Parameters<typeof run>) =>
      validationCharts(run(...of)).map(({ rules, series, y }) => [rules?.[0].x, series[0].points.length, y.percent])
    expect(best('a', 'perplexity@8192', [9, 7, 8])).toEqual([[200, 3, undefined]])
    expect(best('a', 'score', [1, 3, 2], { better: 'lower' })).toEqual([[100, 3, undefined]])
    expect(best('a', 'perplexity@8192', [null, 7])).toEqual([[200, 1, undefined]])
    expect(best('a', 'perplexity@8192', [null, NaN])).toEqual([])
    expect(best('a', 'perplexity@8192')).toEqual([])
  })

  test('are those of a run without validation as ever', () => {
    expect(validationCharts(run('a'))).toEqual([])
    expect(lossChart(run('a'))).toMatchObject({ x: { label: 'Step', scale: 'linear' }, series: [{ name: 'loss' }] })
    expect(lossChart(run('a'))).not.toHaveProperty('rules')
  })

  test('put several runs together, by metric', () => {
    const charts = validationCharts(
      run('one', 'passkey@512', [0.1, 0.2]),
      run('two', 'perplexity@512', [5]),
      run('three', 'passkey@512', [0.4, 0.3]),
      run('four')
    )
    expect(
      charts.map(({ id, series, rules }) => [id, series.map(({ name }) => name), rules?.map(({ label }) => label)])
    ).toEqual([
      ['validation', ['one', 'three'], ['best of one: step 200', 'best of three: step 100']],
      ['validation-2', ['perplexity@512'], ['best: step 100']]
    ])
    const report = composeReport(
      't',
      [
        {
          file: 'f',
          results: [],
          charts: [],
          run: {
            ...run('one', 'passkey@512', [0.1]),
            results: { base: [], model: [] },
            data: {},
            seeds: {}
          } as unknown as ExperimentResult
        }
      ],
      () => {
        throw new Error('no suite')
      }
    )
    expect(report.charts.map(({ id }) => id)).toEqual(['loss', 'validation', 'speed', 'memory'])
  })
})
