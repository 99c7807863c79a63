import { writeFileAtomic } from '@skipwise/checkpoints'
import { formatPercent, isLineChart, type Chart, type EvalResult, type EvalSuite } from '@skipwise/core'
import { RESULT_FILE, scoreTable } from '@skipwise/evaluation'
import type { Table } from '@skipwise/report'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { ExperimentResult } from './result.js'
import { lossChart, validationCharts } from './training-charts.js'

/** Charts of every suite, with the given models as series. */
export const evaluationCharts = (suites: readonly EvalSuite[], models: readonly (readonly EvalResult[])[]): Chart[] =>
  suites.flatMap((suite, i) => suite.charts(models.flatMap(results => (results[i] ? [results[i]] : []))))

/** The first chart of every suite, its headline metric by length: what a table by length shows. */
export const headlineCharts = (suites: readonly EvalSuite[], models: readonly (readonly EvalResult[])[]): Chart[] =>
  suites.flatMap((suite, i) => suite.charts(models.flatMap(results => (results[i] ? [results[i]] : []))).slice(0, 1))

/**
 * Line charts as one table: a row for each length, a column for each series of each chart.
 *
 * @param unit a length that the first column is also told in multiples of: the original window
 */
export function chartTable(charts: readonly Chart[], unit: number): Table {
  const lines = charts.filter(isLineChart)
  const lengths = [
    ...new Set(lines.flatMap(({ series }) => series.flatMap(({ points }) => points.map(([x]) => x))))
  ].sort((a, b) => a - b)
  const columns = lines.flatMap(({ id, series, y }) =>
    series.map(({ name, points }) => ({
      title: series.length > 1 ? `${id}, ${name}` : id,
      percent: y.percent,
      values: new Map(points)
    }))
  )
  return {
    headers: ['length', '× window', ...columns.map(({ title }) => title)],
    rows: lengths.map(length => [
      length,
      `${+(length / unit).toFixed(2)}×`,
      ...columns.map(({ percent, values }) => {
        const value = values.get(length)
        return value === undefined ? '' : percent ? formatPercent(value) : value
      })
    ])
  }
}

/** Writes `report.html` and one SVG for each chart into `folder`. */
export async function writeReport(
  folder: string,
  result: ExperimentResult,
  suites: readonly EvalSuite[]
): Promise<void> {
  // drawing takes a while to load and is needed once, at the end
  const { renderReport, renderSvg } = await import('@skipwise/report')
  const { results, window, kind, name, training, data } = result
  const evaluations = evaluationCharts(suites, [results.base, results.model])
  const charts = [...evaluations, lossChart(result), ...validationCharts(result)]
  for (const chart of charts) await writeFileAtomic(join(folder, `${chart.id}.svg`), await renderSvg(chart))
  const html = await renderReport({
    title: kind === 'extend' ? `${name}: ${window.original} → ${window.target} tokens` : name,
    summary: `${training.steps} steps on ${training.tokens} tokens in windows of ${window.original}; every figure here was measured in this run and is in ${RESULT_FILE}.`,
    charts,
    tables: [
      { title: 'By length', ...chartTable(headlineCharts(suites, [results.base, results.model]), window.original) },
      { title: 'Scores', ...scoreTable([...results.base, ...results.model]) }
    ].filter(({ rows }) => rows.length > 0),
    metadata: {
      window: window.original,
      ...(kind === 'extend' ? { 'target window': window.target, interpolation: result.interpolation.name } : {}),
      executor: result.executor,
      'tokens per second': Math.round(training.tokensPerSecond),
      'peak memory (MB)': Math.round(training.peakMemoryMB),
      documents: data.documents,
      'data digest': data.digest,
      seed: result.seeds.train,
      ...Object.fromEntries(Object.entries(result.versions).map(([part, number]) => [`version of ${part}`, number]))
    },
    recipe: stringify(result.recipe)
  })
  await writeFileAtomic(join(folder, 'report.html'), html)
}
