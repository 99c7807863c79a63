import type { Chart } from '@skipwise/core'
import { Error as ERROR_LEVEL, logger, parse, View, type Spec } from 'vega'
import { compile } from 'vega-lite'
import { escapeHtml } from './escape.js'
import { drawable } from './drawable.js'
import { chartSpec } from './spec/chart-spec.js'

/** What {@link renderSvg} may leave out. */
export interface SvgOptions {
  /** Draw the chart's title; true by default. */
  readonly title?: boolean
}

/**
 * Draws a chart as a standalone SVG document on white, with its description as text alternative. The same chart gives
 * the same bytes.
 *
 * @throws SkipwiseError `REPORT_CHART_POINT`, `REPORT_CHART_SHAPE`, `REPORT_CHART_SIZE`
 *
 * @example
 * ```ts
 * await writeFile('perplexity.svg', await renderSvg(suite.charts(results)[0]))
 * ```
 */
export async function renderSvg(given: Chart, { title = true }: SvgOptions = {}): Promise<string> {
  const chart = drawable(given)
  const { spec } = compile(chartSpec(chart, title ? chart.title : undefined), { logger: logger(ERROR_LEVEL) })
  const view = new View(parse(spec as Spec), { renderer: 'none', logLevel: ERROR_LEVEL })
  try {
    const svg = await view.toSVG()
    return svg.replace(
      /<svg([^>]*)>/,
      `<svg$1 role="img" aria-label="${escapeHtml(`${chart.title}. ${chart.description}`)}">`
    )
  } finally {
    view.finalize()
  }
}
