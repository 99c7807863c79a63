import { byLength, lengthChart, type Chart, type ChartAxis, type EvalResult } from '@skipwise/core'
import type { PerplexityDetails } from './result.js'

/** Perplexity by window length, and by position in the largest window, one series a result. */
export function perplexityCharts(results: readonly EvalResult[]): readonly Chart[] {
  const own = results.filter(result => result.suite === 'perplexity')
  if (own.length === 0) return []
  const values = own.flatMap(result => byLength(result, 'perplexity').map(([, perplexity]) => perplexity))
  return [
    lengthChart(own, {
      id: 'perplexity',
      metric: 'perplexity',
      title: 'Perplexity by context length',
      shows: 'Perplexity by context window',
      x: 'Context window (tokens)',
      y: perplexityAxis(values),
      words: figure
    }),
    positionChart(own)
  ]
}

/** Past its window a model's perplexity grows by orders of magnitude; a linear axis would flatten all the rest. */
const perplexityAxis = (values: readonly number[]): ChartAxis => ({
  label: 'Perplexity (lower is better)',
  scale: Math.max(...values) > 10 * Math.min(...values) ? 'log' : 'linear'
})

/**
 * Perplexity by the tokens before a token, in the largest window of each result: where it rises again, the context does
 * harm.
 */
function positionChart(results: readonly EvalResult[]): Chart {
  const series = results.map(({ model, details }) => {
    const windows = (details as Partial<PerplexityDetails> | undefined)?.windows ?? []
    const largest = [...windows].sort((a, b) => b.window - a.window).at(0)
    return {
      name: model,
      window: largest?.window,
      points: (largest?.positions ?? []).map(
        ({ from, to, perplexity }) => [from === 0 ? to / 2 : from, perplexity] as const
      )
    }
  })
  const values = series.flatMap(({ points }) => points.map(([, perplexity]) => perplexity))
  return {
    id: 'perplexity-position',
    title: 'Perplexity by position in the largest window',
    x: { label: 'Tokens before the token, at least', scale: 'log' },
    y: perplexityAxis(values),
    series: series.map(({ name, points }) => ({ name, points })),
    description: `Perplexity of tokens by how many tokens of the window come before them. ${series.map(({ name, points, window }) => `${name}, window of ${window}: ${describe(points)}.`).join(' ')}`
  }
}

const describe = (points: readonly (readonly [number, number])[]) =>
  points.map(([tokens, perplexity]) => `${figure(perplexity)} at ${tokens}`).join(', ')

const figure = (perplexity: number) => perplexity.toPrecision(4)
