import { formatPercent, SkipwiseError, type Chart, type ChartAxis, type LineChart } from '@skipwise/core'
import { formatNumber, formatTokens } from '../numbers.js'

/** The ends of an axis and the places of its ticks. */
export interface AxisScale {
  readonly domain: readonly [number, number]
  readonly ticks: readonly number[]
  readonly format: (value: number) => string
}

/** Most ticks of an axis. */
const MOST_TICKS = 11

/**
 * Scales of a line chart's axes. A log x axis counts tokens: powers of two, written 256, 512, 1k. A log y axis counts
 * 1, 2, 5, 10.
 *
 * @throws SkipwiseError `REPORT_CHART_POINT`
 */
export function chartScales(chart: LineChart): { x: AxisScale; y: AxisScale } {
  const points = chart.series.flatMap(({ points }) => points)
  const xs = [...points.map(([x]) => x), ...(chart.rules ?? []).map(({ x }) => x)]
  const ys = points.map(([, y]) => y)
  checkValues(chart, chart.x, xs)
  checkValues(chart, chart.y, ys)
  return { x: xScale(chart.x, xs), y: yScale(chart.y, ys) }
}

/** @throws SkipwiseError `REPORT_CHART_POINT` */
export function checkValues(chart: Chart, axis: ChartAxis, values: readonly number[]): void {
  const least = axis.scale === 'log' ? 1 / FARTHEST : -FARTHEST
  const isOn = (value: unknown) => typeof value === 'number' && value >= least && value <= FARTHEST
  const fix = axis.scale === 'log' ? 'leave the point out or use a linear axis' : 'leave the point out'
  const where = `on its ${axis.scale} axis '${axis.label}'`
  const wrong = values.find(value => !isOn(value))
  if (wrong !== undefined) {
    throw new SkipwiseError('REPORT_CHART_POINT', {
      problem: `chart '${chart.id}' has a point at ${wrong} ${where}`,
      fix
    })
  }
  // Charts are read from files too, where a domain may be anything.
  const domain: unknown = axis.domain
  if (domain === undefined) return
  if (Array.isArray(domain) && domain.length === 2 && domain.every(isOn) && domain[1] - domain[0] > 1 / FARTHEST) return
  const problem = `chart '${chart.id}' has a domain that is not two increasing numbers ${where}`
  throw new SkipwiseError('REPORT_CHART_POINT', { problem, fix: 'correct the domain or leave it out' })
}

/** Larger or smaller numbers have no ticks: their differences and powers are infinite or zero. */
const FARTHEST = 1e290

/** From the first value to the last, with some room so that points do not touch the axis. */
function xScale(axis: ChartAxis, values: readonly number[]): AxisScale {
  const log = axis.scale === 'log'
  const around = widened(extent(values), log)
  const range = axis.domain ?? (log ? reachingPowersOfTwo(around) : around)
  const domain = axis.domain ?? padded(range, log)
  const ticks = log ? powersOfTwo(...range) : linearTicks(...range)
  return {
    domain,
    ticks: within(ticks, domain),
    format: axis.percent ? formatPercent : log ? formatTokens : stepFormat(ticks)
  }
}

/** From a tick below all values to one above. */
export function yScale(axis: ChartAxis, values: readonly number[]): AxisScale {
  const log = axis.scale === 'log'
  const range = axis.domain ?? widened(extent(values), log)
  const ticks = log ? oneTwoFive(...range) : linearTicks(...range)
  const domain = axis.domain ?? ([Math.min(range[0], ticks[0]), Math.max(range[1], ticks[ticks.length - 1])] as const)
  return {
    domain,
    ticks: within(ticks, domain),
    format: axis.percent ? formatPercent : log ? formatNumber : stepFormat(ticks)
  }
}

const within = (ticks: readonly number[], [low, high]: readonly [number, number]) =>
  ticks.filter(tick => tick >= low && tick <= high)

/** Ends of the values; any range will do where there are none. */
function extent(values: readonly number[]): readonly [number, number] {
  if (values.length === 0) return [1, 10]
  let low = Infinity
  let high = -Infinity
  // not as arguments of Math.min: a chart may have more points than a function takes
  for (const value of values) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return [low, high]
}

/** 2.5 % more on both sides. */
function padded([low, high]: readonly [number, number], log: boolean): readonly [number, number] {
  if (!log) return [low - 0.025 * (high - low), high + 0.025 * (high - low)]
  const factor = (high / low) ** 0.025
  return [low / factor, high * factor]
}

/** A range with a width, so that a single value, or several that differ only by rounding, can be drawn. */
function widened([low, high]: readonly [number, number], log: boolean): readonly [number, number] {
  if (high - low > Math.max(1e-9 * Math.max(Math.abs(low), Math.abs(high)), 1 / FARTHEST)) return [low, high]
  return log ? [low / 2, low * 2] : [low - Math.max(1, Math.abs(low)) / 2, low + Math.max(1, Math.abs(low)) / 2]
}

/** A range with two powers of two in it; a smaller one is extended to those around it. */
function reachingPowersOfTwo([low, high]: readonly [number, number]): readonly [number, number] {
  if (Math.floor(Math.log2(high)) > Math.ceil(Math.log2(low))) return [low, high]
  return [2 ** Math.floor(Math.log2(low)), 2 ** Math.ceil(Math.log2(high))]
}

/** Powers of two within [low, high]. */
function powersOfTwo(low: number, high: number): number[] {
  const from = Math.ceil(Math.log2(low))
  const to = Math.floor(Math.log2(high))
  const every = Math.ceil((to - from + 1) / MOST_TICKS)
  if (every <= 0) return []
  return Array.from({ length: Math.floor((to - from) / every) + 1 }, (_, i) => 2 ** (from + i * every))
}

/** 1, 2, 5 × 10^k around [low, high], or only powers of ten where these would be too many. */
function oneTwoFive(low: number, high: number): number[] {
  const decades = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))] as const
  const all = Array.from({ length: decades[1] - decades[0] + 1 }, (_, i) => 10 ** (decades[0] + i))
  const fine = all.flatMap(decade => [1, 2, 5].map(factor => +(factor * decade).toPrecision(12)))
  const from = fine.findLastIndex(tick => tick <= low)
  const to = fine.findIndex(tick => tick >= high)
  const around = fine.slice(from, to + 1)
  if (around.length <= 8) return around
  const every = Math.ceil(all.length / MOST_TICKS)
  const tens = all
    .filter((_, i) => i % every === 0)
    .filter(tick => tick >= around[0] && tick <= around[around.length - 1])
  return [around[0], ...tens, around[around.length - 1]].filter((tick, i, ticks) => ticks.indexOf(tick) === i)
}

/** Multiples of 1, 2 or 5 × 10^k, six or so, from at most `low` to at least `high`. */
function linearTicks(low: number, high: number): number[] {
  const rough = (high - low) / 5
  const decade = 10 ** Math.floor(Math.log10(rough))
  const step = decade * ([1, 2, 5].find(factor => factor * decade >= rough * (1 - 1e-9)) ?? 10)
  const from = Math.floor(low / step + 1e-9)
  const to = Math.ceil(high / step - 1e-9)
  return Array.from({ length: to - from + 1 }, (_, i) => +((from + i) * step).toPrecision(12))
}

/** As many decimals on each tick as the finest one needs: 4.6, 4.8, 5.0. */
function stepFormat(ticks: readonly number[]): (value: number) => string {
  const decimals = Math.max(...ticks.map(tick => /\.(\d+)$/.exec(String(tick))?.[1].length ?? 0))
  return value => (Math.abs(value) >= 1e9 || decimals > 6 ? formatNumber(value) : value.toFixed(decimals))
}

/** The place of a value between the ends of its axis, in [0, 1]. */
export function fraction(value: number, type: 'linear' | 'log', { domain: [low, high] }: AxisScale): number {
  return type === 'log' ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low)
}
