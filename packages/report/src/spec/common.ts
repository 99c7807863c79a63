import type { TopLevelSpec } from 'vega-lite'
import { COLOURS } from '../theme.js'
import type { AxisScale } from './axis.js'

/** Width of a plot, without its axes. */
export const WIDTH = 620
/** Height of a plot of lines or bars. */
export const HEIGHT = 300

const ink = COLOURS.ink.light
const muted = COLOURS.muted.light

const titled = (text: string | undefined) =>
  text === undefined
    ? {}
    : { title: { text, anchor: 'start' as const, color: ink, fontSize: 15, fontWeight: 600 as const, offset: 12 } }

/**
 * The look of all charts, in the light theme; `legendLines`: lines of text between the plot and the legend above it.
 */
export function frame(title: string | undefined, legendLines = 0): Omit<TopLevelSpec, 'mark'> {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    padding: { left: 8, right: 20, top: 8, bottom: 8 },
    background: COLOURS.surface.light,
    ...titled(title),
    config: {
      aria: false,
      font: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
      view: { stroke: null },
      axis: {
        labelColor: muted,
        titleColor: muted,
        labelFontSize: 12,
        titleFontSize: 12,
        titleFontWeight: 500,
        titlePadding: 10,
        gridColor: COLOURS.grid.light,
        domainColor: COLOURS.rule.light,
        tickColor: COLOURS.rule.light,
        tickSize: 4,
        labelPadding: 5
      },
      axisY: { domain: false, ticks: false },
      header: {
        labelColor: ink,
        labelFontSize: 12.5,
        labelFontWeight: 500,
        labelAnchor: 'start',
        labelLimit: LABEL_LIMIT
      },
      legend: {
        labelColor: ink,
        labelFontSize: 12.5,
        offset: 12 + LABEL_LINE * legendLines,
        columnPadding: 22,
        symbolOpacity: 1
      }
    }
  }
}

/** Width at which a name is cut, in pixels as Vega estimates them: without a canvas, 1.5 times the real ones. */
const LABEL_LIMIT = 440

/** Height of a line of labels above a plot. */
export const LABEL_LINE = 14

/** The legend of series, above the plot. */
export const seriesLegend = (series: number) => ({
  title: null,
  orient: 'top' as const,
  direction: 'horizontal' as const,
  columns: series > 3 ? 2 : series,
  labelLimit: LABEL_LIMIT,
  symbolSize: 70
})

/** A Vega-Lite scale of exactly this domain. */
export const scaleOf = (type: 'linear' | 'log', { domain }: AxisScale) => ({
  type,
  domain: [...domain],
  nice: false,
  zero: false
})

/** Labels are written here: Vega has no powers of two, and one formatter serves charts, tables and terminals. */
export function axisOf({ ticks, format }: AxisScale) {
  const labels = JSON.stringify(Object.fromEntries(ticks.map(tick => [String(tick), format(tick)])))
  return { values: [...ticks], labelExpr: `${labels}[toString(datum.value)]`, labelOverlap: true, labelFlush: false }
}
