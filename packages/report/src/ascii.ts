import type { Chart } from '@skipwise/core'
import { chartScales } from './axis.js'
import { fraction } from './chart-spec.js'
import { printable } from './escape.js'

const MARKS = ['●', '■', '▲', '◆', '▼', '✚']

/** Size of {@link renderAscii}'s plot in characters, without labels. */
export interface AsciiOptions {
  readonly width?: number
  readonly height?: number
}

/**
 * A chart for a terminal: one mark a series, joined by dots.
 *
 * @throws SkipwiseError `REPORT_CHART_POINT`
 */
export function renderAscii(chart: Chart, { width = 60, height = 14 }: AsciiOptions = {}): string {
  const { x, y } = chartScales(chart)
  const cells = Array.from({ length: height }, () => new Array<string>(width).fill(' '))
  const column = (value: number) => Math.round(fraction(value, chart.x.scale, x) * (width - 1))
  const row = (value: number) => Math.round((1 - fraction(value, chart.y.scale, y)) * (height - 1))
  const put = (at: number, line: number, mark: string) => {
    if (line >= 0 && line < height && at >= 0 && at < width) cells[line][at] = mark
  }
  for (const { x: at } of chart.rules ?? []) for (let line = 0; line < height; line++) put(column(at), line, '┊')
  for (const { points } of chart.series) {
    for (let i = 1; i < points.length; i++) {
      const [from, to] = [column(points[i - 1][0]), column(points[i][0])], [top, bottom] = [row(points[i - 1][1]), row(points[i][1])]
      const steps = Math.max(Math.abs(to - from), Math.abs(bottom - top))
      for (let s = 1; s < steps; s++) put(Math.round(from + ((to - from) * s) / steps), Math.round(top + ((bottom - top) * s) / steps), '·')
    }
  }
  chart.series.forEach(({ points }, i) => points.forEach(([px, py]) => put(column(px), row(py), MARKS[i % MARKS.length])))

  const labels = new Map(y.ticks.map(tick => [row(tick), y.format(tick)])), margin = Math.max(...[...labels.values()].map(label => label.length))
  const ticks = new Array<string>(width + margin + 8).fill(' ')
  let free = 0
  for (const tick of x.ticks) {
    const label = x.format(tick), at = Math.max(column(tick) - Math.floor(label.length / 2), 0)
    if (at < free) continue
    ticks.splice(at, label.length, ...label)
    free = at + label.length + 1
  }
  return [
    printable(chart.title),
    ...cells.map((line, i) => `${(labels.get(i) ?? '').padStart(margin)} ${labels.has(i) ? '┤' : '│'}${line.join('')}`.trimEnd()),
    `${' '.repeat(margin)} └${'─'.repeat(width)}`,
    `${' '.repeat(margin + 2)}${ticks.join('')}`.trimEnd(),
    `${' '.repeat(margin + 2)}${printable(chart.x.label)}; ${chart.series.map(({ name }, i) => `${MARKS[i % MARKS.length]} ${printable(name)}`).join('  ')}`
  ].join('\n')
}
