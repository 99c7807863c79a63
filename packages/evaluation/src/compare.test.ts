import type { EvalResult, EvalSuite, MetricSamples } from '@skipwise/core'
import { describe, expect, it } from 'vitest'
import { compareResults } from './compare.js'

const suite: EvalSuite = {
  run: () => Promise.reject(new Error('not run')),
  charts: () => [],
  samples: result => result.details as MetricSamples[]
}
const result = (model: string, samples: readonly MetricSamples[], changes: object = {}): EvalResult => ({
  suite: 'test',
  version: 1,
  model,
  config: {},
  metrics: {},
  details: samples,
  ...changes
})
const answers = (right: (i: number) => boolean, count = 40): MetricSamples => ({
  metric: 'right',
  better: 'higher',
  scale: 'linear',
  units: Array.from({ length: count }, (_, i) => ({ id: `question ${i}`, value: Number(right(i)), weight: 1 }))
})
const losses = (loss: (i: number) => number, tokens = (i: number) => 100 + i): MetricSamples => ({
  metric: 'perplexity',
  better: 'lower',
  scale: 'exponential',
  units: Array.from({ length: 12 }, (_, i) => ({ id: `document ${i}`, value: loss(i) * tokens(i), weight: tokens(i) }))
})

const near = (value: number) => expect.closeTo(value, 12) as number

describe('compareResults', () => {
  it('says better, worse, or neither', () => {
    const a = result('a', [answers(i => i % 2 === 0), losses(() => 2)])
    const b = result('b', [answers(i => i % 2 === 0 || i < 30), losses(i => 2.1 + 0.01 * (i % 3))])
    const { metrics } = compareResults(suite, a, b)
    expect(metrics.map(({ metric, verdict, units, method }) => [metric, verdict, units, method])).toEqual([
      ['right', 'better', 40, 'exact sign test'],
      ['perplexity', 'worse', 12, 'exact sign-flip test']
    ])
    expect(metrics[0]).toMatchObject({ a: 0.5, b: 0.875, difference: 0.375 })
    expect(metrics[1].a).toBeCloseTo(Math.exp(2), 12)
    const [low, high] = metrics[1].interval as [number, number]
    expect(low).toBeLessThan(metrics[1].difference)
    expect(high).toBeGreaterThan(metrics[1].difference)
    expect(low).toBeGreaterThan(0)
    expect(compareResults(suite, b, a).metrics.map(({ verdict }) => verdict)).toEqual(['worse', 'better'])
    expect(compareResults(suite, a, a).metrics.map(({ verdict, pValue }) => [verdict, pValue])).toEqual([
      ['no significant difference', 1],
      ['no significant difference', 1]
    ])
  })

  it('corrects for the number of metrics', () => {
    const six = (name: string, change: boolean) => ({ ...answers(i => change && i < 6), metric: name })
    const one = compareResults(suite, result('a', [six('m0', false)]), result('b', [six('m0', true)]))
    expect(one.metrics[0]).toMatchObject({ pValue: near(0.03125), adjustedPValue: near(0.03125), verdict: 'better' })
    const names = ['m0', 'm1', 'm2']
    const three = compareResults(
      suite,
      result(
        'a',
        names.map(name => six(name, false))
      ),
      result(
        'b',
        names.map(name => six(name, name === 'm0'))
      )
    )
    expect(three.metrics[0]).toMatchObject({
      pValue: near(0.03125),
      adjustedPValue: near(0.09375),
      verdict: 'no significant difference'
    })
  })

  it('pairs what both have', () => {
    const [metric] = compareResults(
      suite,
      result('a', [answers(() => false, 40)]),
      result('b', [answers(() => true, 25)])
    ).metrics
    expect(metric).toMatchObject({ units: 25, a: 0, b: 1 })
  })

  it('refuses what cannot be compared', () => {
    const a = result('a', [losses(() => 2)])
    expect(() => compareResults(suite, a, result('b', [losses(() => 2)], { suite: 'other' }))).toThrow('EVAL_COMPARE')
    expect(() => compareResults(suite, a, result('b', [losses(() => 2)], { version: 2 }))).toThrow('version 2')
    // Another tokenizer cuts the same documents into other numbers of tokens.
    expect(() =>
      compareResults(
        suite,
        a,
        result('b', [
          losses(
            () => 2,
            i => 130 + i
          )
        ])
      )
    ).toThrow('no document and no question')
    const { samples: _, ...silent } = suite
    expect(() => compareResults(silent, a, a)).toThrow('EVAL_COMPARE')
  })
})
