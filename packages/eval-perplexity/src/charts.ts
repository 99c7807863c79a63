import type { Chart, EvalResult } from '@skipwise/core'
import type { PerplexityDetails } from './result.js'

/** Perplexity by window length, one series a result; rules stand where a model's own window ends. */
export function perplexityCharts(results: readonly EvalResult[]): readonly Chart[] {
  const series = results
    .filter(result => result.suite === 'perplexity')
    .map(result => ({
      name: result.model,
      points: pointsOf(result),
      maxLength: (result.details as { maxLength?: unknown } | undefined)?.maxLength
    }))
  if (series.length === 0) return []
  const points = series.flatMap(({ points }) => points)
  const lengths = points.map(([window]) => window)
  const values = points.map(([, perplexity]) => perplexity)
  return [
    {
      id: 'perplexity',
      title: 'Perplexity by context length',
      x: { label: 'Context window (tokens)', scale: 'log' },
      // Past its window a model's perplexity grows by orders of magnitude; a linear axis would flatten all the rest.
      y: {
        label: 'Perplexity (lower is better)',
        scale: Math.max(...values) > 10 * Math.min(...values) ? 'log' : 'linear'
      },
      series: series.map(({ name, points }) => ({ name, points })),
      rules: windowEnds(
        series.map(({ maxLength }) => maxLength),
        lengths
      ),
      description: `Perplexity by context window. ${series.map(({ name, points }) => `${name}: ${describe(points)}.`).join(' ')}`
    },
    positionChart(results.filter(result => result.suite === 'perplexity'))
  ]
}

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
    y: {
      label: 'Perplexity (lower is better)',
      scale: Math.max(...values) > 10 * Math.min(...values) ? 'log' : 'linear'
    },
    series: series.map(({ name, points }) => ({ name, points })),
    description: `Perplexity of tokens by how many tokens of the window come before them. ${series.map(({ name, points, window }) => `${name}, window of ${window}: ${describe(points)}.`).join(' ')}`
  }
}

/** [W, perplexity], shortest window first; from the metrics, which every version of the suite has. */
function pointsOf(result: EvalResult): [number, number][] {
  const points: [number, number][] = []
  for (const [name, value] of Object.entries(result.metrics)) {
    const window = /^perplexity@(\d+)$/.exec(name)?.[1]
    if (window) points.push([Number(window), value])
  }
  return points.sort(([a], [b]) => a - b)
}

const describe = (points: readonly (readonly [number, number])[]) =>
  points.map(([window, perplexity]) => `${perplexity.toPrecision(4)} at ${window}`).join(', ')

function windowEnds(maxLengths: readonly unknown[], lengths: readonly number[]): { x: number; label: string }[] {
  return [...new Set(maxLengths)]
    .filter(length => typeof length === 'number')
    .filter(length => length >= Math.min(...lengths) && length < Math.max(...lengths))
    .map(x => ({ x, label: `window of ${x}` }))
}
