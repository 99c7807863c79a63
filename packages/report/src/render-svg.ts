import type { Chart } from '@skipwise/core'
import { compile, type TopLevelSpec } from 'vega-lite'
import { Error as ERROR_LEVEL, logger, parse, View, type Spec } from 'vega'
import { barSpec } from './spec/bar-spec.js'
import { heatMapSpec } from './spec/heat-map-spec.js'
import { lineSpec } from './spec/line-spec.js'
import { escapeHtml } from './escape.js'
import { drawable } from './drawable.js'

/**
 * The Vega-Lite specification of a chart, in the light theme.
 *
 * @throws SkipwiseError `REPORT_CHART_POINT`, `REPORT_CHART_SHAPE`
 */
function chartSpec(chart: Chart, title: string | undefined): TopLevelSpec {
  if (chart.kind === 'bar') return barSpec(withOwnNames(chart), title)
  if (chart.kind === 'heat-map') return heatMapSpec(withOwnNames(chart), title)
  return lineSpec(withOwnNames(chart), title)
}

/** Distinct names: two series of the same name would be joined into one line. */
function withOwnNames<Each extends Chart>(chart: Each): Each {
  const names = chart.series.map(({ name }) => name)
  const series = chart.series.map((each, i) => {
    const before = names.slice(0, i).filter(name => name === each.name).length
    return before === 0 ? each : { ...each, name: `${each.name} (${before + 1})` }
  })
  return { ...chart, series }
}

/** Options of {@link renderSvg}. */
export interface SvgOptions {
  /** Draw the chart's title; true by default. */
  readonly title?: boolean | undefined
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
