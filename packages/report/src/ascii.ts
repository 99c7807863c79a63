import type { BarChart, Chart, LineChart } from '@skipwise/core'
import { figureTable } from './figure-table.js'
import { drawable } from './drawable.js'
import { formatNumber } from './numbers.js'
import { barScale } from './spec/bar-spec.js'
import { chartScales, fraction } from './spec/axis.js'
import { renderTable } from './table.js'

const MARKS = ['●', '■', '▲', '◆', '▼', '✚']

/** Size of {@link renderAscii}'s plot in characters, without labels. */
export interface AsciiOptions {
  readonly width?: number | undefined
  readonly height?: number | undefined
}

/**
 * A chart for a terminal: lines with one mark for each series, joined by dots; bars from left to right; a heat map as
 * its table.
 *
 * @throws SkipwiseError `REPORT_CHART_POINT`, `REPORT_CHART_SHAPE`, `REPORT_CHART_SIZE`
 */
export function renderAscii(given: Chart, { width = 60, height = 14 }: AsciiOptions = {}): string {
  const chart = drawable(given)
  if (chart.kind === 'bar') return bars(chart, width)
  if (chart.kind !== 'heat-map') return lines(chart, width, height)
  const { headers, rows } = figureTable(chart)
  return `${chart.title}\n${renderTable(headers, rows, 'text')}`
}

/** One line for each bar: category, series where there are several, the bar, its value. */
function bars(chart: BarChart, width: number): string {
  const scale = barScale(chart)
  const longest = Math.max(...scale.domain.map(Math.abs))
  const rows = chart.x.categories.flatMap((category, i) =>
    chart.series.map(({ name, values }, j) => {
      const value = values[i]
      const label = [j === 0 ? category : '', ...(chart.series.length > 1 ? [name] : [])]
      return value === null
        ? [...label, '']
        : [
            ...label,
            `${'█'.repeat(Math.round((Math.abs(value) / longest) * width))} ${chart.y.percent ? scale.format(value) : formatNumber(value)}`
          ]
    })
  )
  return `${chart.title}\n${renderTable([chart.x.label, ...(chart.series.length > 1 ? ['series'] : []), chart.y.label], rows, 'text')}`
}

/** A place on or near the plot: points may be any distance outside a given domain. */
const near = (at: number, size: number) => Math.round(Math.min(Math.max(at, -4 * size), 5 * size))

function lines(chart: LineChart, width: number, height: number): string {
  const { x, y } = chartScales(chart)
  const cells = Array.from({ length: height }, () => new Array<string>(width).fill(' '))
  const column = (value: number) => near(fraction(value, chart.x.scale, x) * (width - 1), width)
  const row = (value: number) => near((1 - fraction(value, chart.y.scale, y)) * (height - 1), height)
  const put = (at: number, line: number, mark: string) => {
    if (line >= 0 && line < height && at >= 0 && at < width) cells[line][at] = mark
  }
  for (const { x: at } of chart.rules ?? []) for (let line = 0; line < height; line++) put(column(at), line, '┊')
  for (const { points } of chart.series) {
    for (let i = 1; i < points.length; i++) {
      const [from, to] = [column(points[i - 1][0]), column(points[i][0])]
      const [top, bottom] = [row(points[i - 1][1]), row(points[i][1])]
      const steps = Math.max(Math.abs(to - from), Math.abs(bottom - top))
      for (let s = 1; s < steps; s++)
        put(Math.round(from + ((to - from) * s) / steps), Math.round(top + ((bottom - top) * s) / steps), '·')
    }
  }
  chart.series.forEach(({ points }, i) =>
    points.forEach(([px, py]) => put(column(px), row(py), MARKS[i % MARKS.length]))
  )

  const labels = new Map(y.ticks.map(tick => [row(tick), y.format(tick)]))
  const margin = Math.max(0, ...[...labels.values()].map(label => label.length))
  const ticks = new Array<string>(width + margin + 8).fill(' ')
  let free = 0
  for (const tick of x.ticks) {
    const label = x.format(tick)
    const at = Math.max(column(tick) - Math.floor(label.length / 2), 0)
    if (at < free) continue
    ticks.splice(at, label.length, ...label)
    free = at + label.length + 1
  }
  return [
    chart.title,
    ...cells.map((line, i) =>
      `${(labels.get(i) ?? '').padStart(margin)} ${labels.has(i) ? '┤' : '│'}${line.join('')}`.trimEnd()
    ),
    `${' '.repeat(margin)} └${'─'.repeat(width)}`,
    `${' '.repeat(margin + 2)}${ticks.join('')}`.trimEnd(),
    `${' '.repeat(margin + 2)}${chart.x.label}; ${chart.series.map(({ name }, i) => `${MARKS[i % MARKS.length]} ${name}`).join('  ')}`
  ].join('\n')
}
