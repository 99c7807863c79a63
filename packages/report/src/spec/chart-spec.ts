import type { Chart } from '@skipwise/core'
import type { TopLevelSpec } from 'vega-lite'
import { barSpec } from './bar-spec.js'
import { heatMapSpec } from './heat-map-spec.js'
import { lineSpec } from './line-spec.js'

/**
 * The Vega-Lite specification of a chart, in the light theme.
 *
 * @throws SkipwiseError `REPORT_CHART_POINT`, `REPORT_CHART_SHAPE`
 */
export function chartSpec(chart: Chart, title: string | undefined): TopLevelSpec {
  if (chart.kind === 'bar') return barSpec(withOwnNames(chart), title)
  if (chart.kind === 'heat-map') return heatMapSpec(withOwnNames(chart), title)
  return lineSpec(withOwnNames(chart), title)
}

/** Own names: two series of one name would be joined into one line. */
function withOwnNames<Each extends Chart>(chart: Each): Each {
  const names = chart.series.map(({ name }) => name)
  const series = chart.series.map((each, i) => {
    const before = names.slice(0, i).filter(name => name === each.name).length
    return before === 0 ? each : { ...each, name: `${each.name} (${before + 1})` }
  })
  return { ...chart, series }
}
