import type { Chart } from '@skipwise/core'
import type { TopLevelSpec } from 'vega-lite'
import type { AxisScale } from './axis.js'
import { COLOURS, SERIES, SHAPES } from './theme.js'

const WIDTH = 620
const HEIGHT = 300
/** Height of a rule's label. */
const LABEL_LINE = 14
/** Points a series can have and still show each. */
const MOST_POINTS = 32
const ink = COLOURS.ink.light, muted = COLOURS.muted.light

/** The Vega-Lite specification of a chart: lines with points, dashed rules, a legend above; in the light theme. */
export function chartSpec(chart: Chart, scales: { x: AxisScale; y: AxisScale }, title: boolean): TopLevelSpec {
  const names = chart.series.map(({ name }) => name), { x, y } = scales
  const colours = names.map((_, i) => SERIES[i % SERIES.length].light), shapes = names.map((_, i) => SHAPES[i % SHAPES.length])
  const values = chart.series.flatMap(({ name, points }) => points.map(([px, py]) => ({ series: name, x: px, y: py })))
  const position = {
    x: { field: 'x', type: 'quantitative' as const, scale: scaleOf(chart.x.scale, x), axis: { ...axisOf(x), title: chart.x.label, grid: false } },
    y: { field: 'y', type: 'quantitative' as const, scale: scaleOf(chart.y.scale, y), axis: { ...axisOf(y), title: chart.y.label } }
  }
  const legend = { title: null, orient: 'top' as const, direction: 'horizontal' as const, columns: names.length > 3 ? 2 : names.length, labelLimit: 280, symbolSize: 70 }
  const series = {
    color: { field: 'series', type: 'nominal' as const, scale: { domain: names, range: colours }, legend },
    shape: { field: 'series', type: 'nominal' as const, scale: { domain: names, range: shapes }, legend }
  }
  // Labels of rules stand above the plot, where no data can be; neighbours too close for one line take another.
  const labels = stackLabels(chart, x)
  const rules = labels.flatMap(({ x: at, label, line, align }) => [
    { data: { values: [{ x: at }] }, mark: { type: 'rule' as const, color: COLOURS.rule.light, strokeDash: [4, 4] }, encoding: { x: position.x } },
    {
      data: { values: [{ x: at, label }] },
      mark: { type: 'text' as const, color: muted, fontSize: 11, align, baseline: 'bottom' as const, dy: -6 - LABEL_LINE * line },
      encoding: { x: position.x, y: { value: 0 }, text: { field: 'label' } }
    }
  ])
  const lines = Math.max(0, ...labels.map(({ line }) => line + 1))
  const points = values.length <= MOST_POINTS * names.length
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    width: WIDTH,
    height: HEIGHT,
    padding: { left: 8, right: 20, top: 8, bottom: 8 },
    background: COLOURS.surface.light,
    ...(title && { title: { text: chart.title, anchor: 'start' as const, color: ink, fontSize: 15, fontWeight: 600, offset: 12 } }),
    layer: [
      ...rules,
      {
        data: { values },
        layer: [
          { mark: { type: 'line' as const, strokeWidth: 2.25, strokeJoin: 'round' as const }, encoding: { ...position, color: series.color } },
          // Points that would merge into a band are left to the legend, which needs their shapes.
          { mark: { type: 'point' as const, filled: true, opacity: points ? 1 : 0, size: 60 }, encoding: { ...position, ...series } }
        ]
      }
    ],
    config: {
      aria: false,
      font: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
      view: { stroke: null },
      axis: { labelColor: muted, titleColor: muted, labelFontSize: 12, titleFontSize: 12, titleFontWeight: 500, titlePadding: 10, gridColor: COLOURS.grid.light, domainColor: COLOURS.rule.light, tickColor: COLOURS.rule.light, tickSize: 4, labelPadding: 5 },
      axisY: { domain: false, ticks: false },
      legend: { labelColor: ink, labelFontSize: 12.5, offset: 12 + LABEL_LINE * lines, columnPadding: 22, symbolOpacity: 1 }
    }
  }
}

const scaleOf = (type: 'linear' | 'log', { domain }: AxisScale) => ({ type, domain: [...domain], nice: false, zero: false })

/** Labels are ours: Vega has no powers of two, and one formatter then serves charts, tables and terminals. */
function axisOf({ ticks, format }: AxisScale) {
  const labels = JSON.stringify(Object.fromEntries(ticks.map(tick => [String(tick), format(tick)])))
  return { values: [...ticks], labelExpr: `${labels}[toString(datum.value)]`, labelOverlap: true, labelFlush: false }
}

/** Each rule with the first line above the plot on which its label has room; at the ends labels turn inwards. */
function stackLabels(chart: Chart, scale: AxisScale): { x: number; label: string; line: number; align: 'left' | 'center' | 'right' }[] {
  const ends: number[] = []
  return [...(chart.rules ?? [])]
    .sort((a, b) => a.x - b.x)
    .map(({ x, label }) => {
      const at = fraction(x, chart.x.scale, scale), width = 6.4 * label.length, align = at < 0.1 ? 'left' : at > 0.9 ? 'right' : 'center'
      const left = at * WIDTH - { left: 0, center: width / 2, right: width }[align]
      let line = ends.findIndex(end => end < left)
      if (line === -1) line = ends.length
      ends[line] = left + width
      return { x, label, line, align }
    })
}

/** Where a value stands between the ends of its axis, in [0, 1]. */
export function fraction(value: number, type: 'linear' | 'log', { domain: [low, high] }: AxisScale): number {
  return type === 'log' ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low)
}
