import type { Chart, EvalResult } from '@skipwise/core'

/** What {@link lengthChart} draws. */
export interface LengthChart {
  readonly id: string
  /** The part before `@` of its metrics. */
  readonly metric: string
  readonly title: string
  /** Label of the share that is drawn. */
  readonly y: string
}

/** A share by length, one series a result; rules stand where a model's own window ends. */
export function lengthChart(results: readonly EvalResult[], { id, metric, title, y }: LengthChart): Chart {
  const series = results.map(result => ({
    name: result.model,
    points: pointsOf(result, metric),
    maxLength: (result.details as { maxLength?: unknown } | undefined)?.maxLength
  }))
  const lengths = series.flatMap(({ points }) => points.map(([length]) => length))
  return {
    id,
    title,
    x: { label: 'Length of prompt and answer (tokens)', scale: 'log' },
    y: { label: y, scale: 'linear', percent: true, domain: [0, 1] },
    series: series.map(({ name, points }) => ({ name, points })),
    rules: [...new Set(series.map(({ maxLength }) => maxLength))]
      .filter(length => typeof length === 'number')
      .filter(length => length >= Math.min(...lengths) && length < Math.max(...lengths))
      .map(x => ({ x, label: `window of ${x}` })),
    description: `${title}. ${series.map(({ name, points }) => `${name}: ${describe(points)}.`).join(' ')}`
  }
}

/** [length, share], shortest first; from the metrics, which every version of a suite has. */
function pointsOf(result: EvalResult, metric: string): [number, number][] {
  const points: [number, number][] = []
  for (const [name, value] of Object.entries(result.metrics)) {
    const [left, length] = name.split('@')
    if (left === metric && length) points.push([Number(length), value])
  }
  return points.sort(([a], [b]) => a - b)
}

const describe = (points: readonly (readonly [number, number])[]) =>
  points.map(([length, share]) => `${(100 * share).toFixed(0)} % at ${length}`).join(', ')
