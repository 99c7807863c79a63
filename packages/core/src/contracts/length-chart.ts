import type { ChartAxis, LineChart } from './chart.js'
import type { EvalResult } from './eval-suite.js'
import { byLength } from './metric-name.js'

/** What {@link lengthChart} draws. */
export interface LengthChart {
  readonly id: string
  /** The part of the metrics' names before the length. */
  readonly metric: string
  readonly title: string
  /** What the lengths measure, for the label of the axis. */
  readonly x: string
  readonly y: ChartAxis
  /** What the chart shows, without a full stop; default the title. */
  readonly shows?: string | undefined
  /** A value in words. */
  readonly words: (value: number) => string
}

/** A metric by length, one series for each result; rules mark where a model's own window ends. */
export function lengthChart(
  results: readonly EvalResult[],
  { id, metric, title, x, y, shows = title, words }: LengthChart
): LineChart {
  const series = results.map(result => ({ name: result.model, points: byLength(result, metric) }))
  const described = series.map(({ name, points }) => {
    const values = points.map(([length, value]) => `${words(value)} at ${length}`)
    return `${name}: ${values.join(', ')}.`
  })
  return {
    id,
    title,
    x: { label: x, scale: 'log' },
    y,
    series,
    rules: windowEnds(
      results,
      series.flatMap(({ points }) => points.map(([length]) => length))
    ),
    description: `${shows}. ${described.join(' ')}`
  }
}

/** Ends of the models' own windows that are within the range of lengths. */
function windowEnds(results: readonly EvalResult[], lengths: readonly number[]): { x: number; label: string }[] {
  return [...new Set(results.map(({ details }) => maxLengthOf(details)))]
    .filter(length => typeof length === 'number')
    .filter(length => length >= Math.min(...lengths) && length < Math.max(...lengths))
    .map(x => ({ x, label: `window of ${x}` }))
}

/** Suites put the window of the model into their details. */
const maxLengthOf = (details: unknown): unknown =>
  typeof details === 'object' && details !== null && 'maxLength' in details ? details.maxLength : undefined
