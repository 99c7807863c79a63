import {
  shortened,
  SkipwiseError,
  visible,
  type BarChart,
  type Chart,
  type HeatMapChart,
  type LineChart
} from '@skipwise/core'
import { CELLS_DRAWN, MARKS, POINTS_DRAWN, RULES_DRAWN, SERIES_DRAWN, TEXT_DRAWN } from './limits.js'
import { chartScales } from './spec/axis.js'

type Point = LineChart['series'][number]['points'][number]

/**
 * Refuses a chart that is too large to write.
 *
 * @throws SkipwiseError `REPORT_CHART_SIZE`
 */
export function checkChartSize(chart: Chart): void {
  const { series } = chart
  if (series.length > SERIES_DRAWN) throw tooLarge(chart, 'series', series.length, SERIES_DRAWN)
  if (chart.kind !== 'bar' && chart.kind !== 'heat-map') {
    const rules = chart.rules?.length ?? 0
    if (rules > RULES_DRAWN) throw tooLarge(chart, 'rules', rules, RULES_DRAWN)
    const points = chart.series.reduce((sum, each) => sum + each.points.length, 0)
    if (points > MARKS) throw tooLarge(chart, 'points', points, MARKS)
    return
  }
  const down = chart.kind === 'bar' ? 1 : chart.y.categories.length
  const cells = Math.max(1, series.length) * chart.x.categories.length * down
  if (cells > CELLS_DRAWN) throw tooLarge(chart, chart.kind === 'bar' ? 'bars' : 'cells', cells, CELLS_DRAWN)
}

/**
 * A chart as it is drawn: control characters in untrusted texts are made visible, very long texts are shortened, and a
 * series of very many points is reduced to the smallest and the largest of each interval.
 *
 * @throws SkipwiseError `REPORT_CHART_SIZE`, `REPORT_CHART_POINT`
 */
export function drawable(chart: Chart): Chart {
  checkChartSize(chart)
  if (chart.kind === 'bar') return drawableBars(chart)
  if (chart.kind === 'heat-map') return drawableCells(chart)
  return drawableLines(chart)
}

const drawn = (text: string) => visible(shortened(text, TEXT_DRAWN))
const texts = ({ title, description }: Chart) => ({ title: drawn(title), description: drawn(description) })
const labelled = <Axis extends { readonly label: string }>(axis: Axis) => ({ ...axis, label: drawn(axis.label) })
const named = <Series extends { readonly name: string }>(series: Series) => ({ ...series, name: drawn(series.name) })

const drawableBars = (chart: BarChart): BarChart => ({
  ...chart,
  ...texts(chart),
  x: { ...labelled(chart.x), categories: chart.x.categories.map(drawn) },
  y: labelled(chart.y),
  series: chart.series.map(named)
})

const drawableCells = (chart: HeatMapChart): HeatMapChart => ({
  ...chart,
  ...texts(chart),
  x: { ...labelled(chart.x), categories: chart.x.categories.map(drawn) },
  y: { ...labelled(chart.y), categories: chart.y.categories.map(drawn) },
  value: labelled(chart.value),
  series: chart.series.map(named)
})

function drawableLines(chart: LineChart): LineChart {
  // Also for the points that are left out.
  chartScales(chart)
  const series = chart.series.map(each => ({ name: drawn(each.name), points: thinned(each.points) }))
  const most = chart.series.reduce((points, each) => Math.max(points, each.points.length), 0)
  const note = ` Drawn: the least and the greatest of each stretch, ${POINTS_DRAWN} of ${most} points.`
  const { title, description } = texts(chart)
  return {
    ...chart,
    title,
    description: most > POINTS_DRAWN ? `${description}${note}` : description,
    x: labelled(chart.x),
    y: labelled(chart.y),
    series,
    ...(chart.rules && { rules: chart.rules.map(({ x, label }) => ({ x, label: drawn(label) })) })
  }
}

/** The drawn points: the first, the last, and the smallest and the largest of each interval between them. */
function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= POINTS_DRAWN) return points
  const stretches = POINTS_DRAWN / 2 - 1
  const inner = points.length - 2
  const kept: Point[] = [points[0]]
  for (let i = 0; i < stretches; i++) {
    const from = 1 + Math.floor((i * inner) / stretches)
    const to = 1 + Math.floor(((i + 1) * inner) / stretches)
    let least = from
    let greatest = from
    for (let at = from; at < to; at++) {
      if (points[at][1] < points[least][1]) least = at
      if (points[at][1] > points[greatest][1]) greatest = at
    }
    kept.push(points[Math.min(least, greatest)], points[Math.max(least, greatest)])
  }
  kept.push(points[points.length - 1])
  return kept
}

const tooLarge = ({ id }: Chart, what: string, found: number, most: number) =>
  new SkipwiseError('REPORT_CHART_SIZE', {
    problem: `chart '${id}' has ${found} ${what}, more than the ${most} that can be shown`,
    fix: 'show fewer, or make several charts'
  })
