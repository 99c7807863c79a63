import type { LineChart } from '@skipwise/core'
import { formatTokens } from '@skipwise/report'

/** How a model is trained for a window. */
export type Method = 'full-length' | 'pose'

/** A method as it is written. */
export const methodName = (method: Method): string => (method === 'pose' ? 'PoSE' : method)

/** One measurement in a process of its own, or the {@link medians} of several. */
export interface OverheadPoint {
  readonly method: Method
  readonly target: number
  readonly peakMemoryMB: number
  readonly msPerStep: number
}

/** A target that full-length training was not measured at. */
export interface SkippedPoint {
  readonly target: number
  readonly reason: string
}

/** What full-length training costs against PoSE, as in figure 3 of the paper. */
export interface Overhead {
  readonly window: number
  readonly points: readonly OverheadPoint[]
  readonly skipped: readonly SkippedPoint[]
}

/** The medians of measurements of one method and target. */
export function medians(runs: readonly OverheadPoint[]): OverheadPoint {
  const median = (key: 'peakMemoryMB' | 'msPerStep') =>
    runs.map(run => run[key]).sort((a, b) => a - b)[runs.length >> 1]
  return { ...runs[0], peakMemoryMB: median('peakMemoryMB'), msPerStep: median('msPerStep') }
}

const figures = { memory: 'peakMemoryMB', time: 'msPerStep' } as const
type Figure = keyof typeof figures

const of = ({ points }: Overhead, method: Method, figure: Figure) =>
  points.filter(point => point.method === method).map(point => [point.target, point[figures[figure]]] as const)

/** How far PoSE's measurements lie apart, (largest − smallest) / smallest. */
export function spread(overhead: Overhead, figure: Figure): number {
  const values = of(overhead, 'pose', figure).map(([, value]) => value)
  return Math.max(...values) / Math.min(...values) - 1
}

/**
 * The target from which full-length training costs at least `factor` times as much as PoSE: between the measured ones,
 * on a line between logarithms; undefined when it does not within them.
 */
export function crossover(overhead: Overhead, figure: Figure, factor: number): number | undefined {
  const pose = of(overhead, 'pose', figure)
    .map(([, value]) => value)
    .sort((a, b) => a - b)
  const limit = factor * pose[pose.length >> 1]
  const full = of(overhead, 'full-length', figure)
  const next = full.findIndex(([, value]) => value >= limit)
  if (next < 0) return undefined
  if (next === 0) return full[0][0]
  const [[x0, y0], [x1, y1]] = [full[next - 1], full[next]]
  return Math.round(x0 * (x1 / x0) ** (Math.log(limit / y0) / Math.log(y1 / y0)))
}

/** Peak memory and time of a step by target. */
export const overheadCharts = (overhead: Overhead): Record<Figure, LineChart> => ({
  memory: chart(overhead, 'memory', 'Peak memory of training', 'peak memory, MB'),
  time: chart(overhead, 'time', 'Time of a training step', 'time of a step, ms')
})

function chart(overhead: Overhead, figure: Figure, title: string, label: string): LineChart {
  const series = (['full-length', 'pose'] as const).map(method => ({
    name: methodName(method),
    points: of(overhead, method, figure)
  }))
  return {
    id: `overhead-${figure}`,
    title: `${title} by target window`,
    description: `${title} for growing target windows: ${series.map(({ name, points }) => `${name} ${points.map(([x, y]) => `${Math.round(y)} at ${formatTokens(x)}`).join(', ')}`).join('; ')}.`,
    x: { label: 'target window, tokens', scale: 'log' },
    y: { label, scale: 'log' },
    series,
    rules: [{ x: overhead.window, label: 'training window of PoSE' }]
  }
}
