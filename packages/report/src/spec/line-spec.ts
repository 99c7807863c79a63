import type { LineChart } from '@skipwise/core'
import type { TopLevelSpec } from 'vega-lite'
import { COLOURS, SERIES, SHAPES } from '../theme.js'
import { chartScales, fraction, type AxisScale } from './axis.js'
import { axisOf, frame, HEIGHT, LABEL_LINE, scaleOf, seriesLegend, WIDTH } from './common.js'

/** Points a series can have and still show each. */
const MOST_POINTS = 32

/** Lines with points, dashed rules, a legend above. */
export function lineSpec(chart: LineChart, title: string | undefined): TopLevelSpec {
  const names = chart.series.map(({ name }) => name)
  const { x, y } = chartScales(chart)
  const colours = names.map((_, i) => SERIES[i % SERIES.length].light)
  const shapes = names.map((_, i) => SHAPES[i % SHAPES.length])
  const values = chart.series.flatMap(({ name, points }) => points.map(([px, py]) => ({ series: name, x: px, y: py })))
  const position = {
    x: {
      field: 'x',
      type: 'quantitative' as const,
      scale: scaleOf(chart.x.scale, x),
      axis: { ...axisOf(x), title: chart.x.label, grid: false }
    },
    y: {
      field: 'y',
      type: 'quantitative' as const,
      scale: scaleOf(chart.y.scale, y),
      axis: { ...axisOf(y), title: chart.y.label }
    }
  }
  const legend = seriesLegend(names.length)
  const series = {
    color: { field: 'series', type: 'nominal' as const, scale: { domain: names, range: colours }, legend },
    shape: { field: 'series', type: 'nominal' as const, scale: { domain: names, range: shapes }, legend }
  }
  // Labels of rules are above the plot, where no data can be; neighbours too close for one line are put on another.
  const labels = stackLabels(chart, x)
  const rules = labels.flatMap(({ x: at, label, line, align }) => [
    {
      data: { values: [{ x: at }] },
      mark: { type: 'rule' as const, color: COLOURS.rule.light, strokeDash: [4, 4] },
      encoding: { x: position.x }
    },
    {
      data: { values: [{ x: at, label }] },
      mark: {
        type: 'text' as const,
        color: COLOURS.muted.light,
        fontSize: 11,
        align,
        baseline: 'bottom' as const,
        dy: -6 - LABEL_LINE * line
      },
      encoding: { x: position.x, y: { value: 0 }, text: { field: 'label' } }
    }
  ])
  const lines = Math.max(0, ...labels.map(({ line }) => line + 1))
  const points = values.length <= MOST_POINTS * names.length
  return {
    ...frame(title, lines),
    width: WIDTH,
    height: HEIGHT,
    layer: [
      ...rules,
      {
        data: { values },
        layer: [
          {
            mark: { type: 'line' as const, strokeWidth: 2.25, strokeJoin: 'round' as const },
            encoding: { ...position, color: series.color }
          },
          // Points that would merge into a band are left to the legend, which needs their shapes.
          {
            mark: { type: 'point' as const, filled: true, opacity: points ? 1 : 0, size: 60 },
            encoding: { ...position, ...series }
          }
        ]
      }
    ]
  }
}

/** Each rule with the first line above the plot on which its label has room; at the ends labels are aligned inwards. */
function stackLabels(
  chart: LineChart,
  scale: AxisScale
): { x: number; label: string; line: number; align: 'left' | 'center' | 'right' }[] {
  const ends: number[] = []
  return [...(chart.rules ?? [])]
    .sort((a, b) => a.x - b.x)
    .map(({ x, label }) => {
      const at = fraction(x, chart.x.scale, scale)
      const width = 6.4 * label.length
      const align = at < 0.1 ? 'left' : at > 0.9 ? 'right' : 'center'
      const left = at * WIDTH - { left: 0, center: width / 2, right: width }[align]
      let line = ends.findIndex(end => end < left)
      if (line === -1) line = ends.length
      ends[line] = left + width
      return { x, label, line, align }
    })
}
