import type { BarChart, Chart, HeatMapChart, LineChart } from '@skipwise/core'
import { checkChartSize } from './drawable.js'
import { barScale } from './spec/bar-spec.js'
import { chartScales, type AxisScale } from './spec/axis.js'
import { heatScale } from './spec/heat-map-spec.js'
import type { Cell, Table } from '@skipwise/core'

/** How numbers of a chart are written. */
type Write = (value: number) => Cell

const asTheyAre: Write = value => value

/**
 * The content of a chart as a table for readers, with percentages.
 *
 * @throws SkipwiseError `REPORT_CHART_POINT`, `REPORT_CHART_SHAPE`, `REPORT_CHART_SIZE`
 */
export function figureTable(chart: Chart): Table {
  checkChartSize(chart)
  const percent = (axis: { readonly percent?: boolean }, scale: AxisScale): Write =>
    axis.percent ? scale.format : asTheyAre
  if (chart.kind === 'bar') return barTable(chart, percent(chart.y, barScale(chart)))
  if (chart.kind === 'heat-map') return heatMapTable(chart, percent(chart.value, heatScale(chart)))
  return lineTable(chart, percent(chart.y, chartScales(chart).y))
}

/**
 * The unchanged numbers of a chart, for files.
 *
 * @throws SkipwiseError `REPORT_CHART_SIZE`
 */
export function figureNumbers(chart: Chart): Table {
  checkChartSize(chart)
  if (chart.kind === 'bar') return barTable(chart, asTheyAre)
  if (chart.kind === 'heat-map') return heatMapTable(chart, asTheyAre)
  return lineTable(chart, asTheyAre)
}

/** One row for each x, one column for each series. */
function lineTable({ x, series }: LineChart, write: Write): Table {
  const xs = [...new Set(series.flatMap(({ points }) => points.map(([at]) => at)))].sort((a, b) => a - b)
  const columns = series.map(({ points }) => new Map([...points].reverse()))
  return {
    headers: [x.label, ...series.map(({ name }) => name)],
    rows: xs.map(at => [at, ...columns.map(values => writeOr(values.get(at), write))])
  }
}

/** One row for each category; a series with intervals has two more columns. */
function barTable({ x, series }: BarChart, write: Write): Table {
  return {
    headers: [
      x.label,
      ...series.flatMap(({ name, intervals }) => [name, ...(intervals ? [`${name}, low`, `${name}, high`] : [])])
    ],
    rows: x.categories.map((category, i) => [
      category,
      ...series.flatMap(({ values, intervals }) =>
        [values[i], ...(intervals ? (intervals[i] ?? [null, null]) : [])].map(value => writeOr(value, write))
      )
    ])
  }
}

/** One row for each series and y, one column for each x. */
function heatMapTable({ x, y, series }: HeatMapChart, write: Write): Table {
  const several = series.length > 1
  return {
    headers: [...(several ? ['series'] : []), `${y.label} \\ ${x.label}`, ...x.categories],
    rows: series.flatMap(({ name, cells }) =>
      cells.map((row, j) => [...(several ? [name] : []), y.categories[j], ...row.map(value => writeOr(value, write))])
    )
  }
}

const writeOr = (value: number | null | undefined, write: Write): Cell =>
  typeof value === 'number' ? write(value) : ''
