import type { Chart } from '@skipwise/core'
import { Error as ERROR_LEVEL, logger, parse, View, type Spec } from 'vega'
import { compile } from 'vega-lite'
import { chartScales } from './axis.js'
import { chartSpec } from './chart-spec.js'
import { escapeHtml } from './escape.js'

/** What {@link renderSvg} may leave out. */
export interface SvgOptions {
  /** Draw the chart's title; true by default. */
  readonly title?: boolean
}

/**
 * Draws a chart as a standalone SVG document on white, with its description as text alternative. The same chart gives the same bytes.
 *
 * @throws SkipwiseError `REPORT_CHART_POINT`
 *
 * @example
 * ```ts
 * await writeFile('perplexity.svg', await renderSvg(suite.charts(results)[0]))
 * ```
 */
export async function renderSvg(chart: Chart, { title = true }: SvgOptions = {}): Promise<string> {
  // Own names: two series of one name would be joined into one line.
  const named = { ...chart, series: chart.series.map(({ name, points }, i) => ({ name: uniqueName(chart, name, i), points })) }
  const { spec } = compile(chartSpec(named, chartScales(chart), title), { logger: logger(ERROR_LEVEL) })
  const view = new View(parse(spec as Spec), { renderer: 'none', logLevel: ERROR_LEVEL })
  try {
    const svg = await view.toSVG()
    return svg.replace(/<svg([^>]*)>/, `<svg$1 role="img" aria-label="${escapeHtml(`${chart.title}. ${chart.description}`)}">`)
  } finally {
    view.finalize()
  }
}

function uniqueName({ series }: Chart, name: string, i: number): string {
  const before = series.slice(0, i).filter(other => other.name === name).length
  return before === 0 ? name : `${name} (${before + 1})`
}
