import type { BarChart, Chart, EvalResult, EvalSuite } from '@skipwise/core'
import type { Report } from '@skipwise/report'
import { stringify } from 'yaml'
import type { ReportSource } from './read-report-file.js'
import type { ExperimentResult } from './result.js'
import { scoreTable } from '@skipwise/evaluation'
import { lossChart, validationCharts } from './training-charts.js'

/**
 * One report of many files: the charts of every suite with one series a model, scores and their differences from the
 * first model, loss, speed and memory of the runs, and the recipe where all have the same.
 *
 * @param suiteOf the suite that a result is of
 */
export function composeReport(
  title: string,
  sources: readonly ReportSource[],
  suiteOf: (result: EvalResult) => EvalSuite
): Report {
  const results = unique(sources.flatMap(({ results }) => results))
  const runs = sources.flatMap(({ run }) => (run ? [run] : []))
  const bySuite = new Map<string, EvalResult[]>()
  for (const result of results) bySuite.set(result.suite, [...(bySuite.get(result.suite) ?? []), result])
  const scores = scoreTable(results)
  const recipes = new Set(runs.map(({ recipe }) => stringify(recipe)))
  const models = [...new Set(results.map(({ model }) => model))]
  return {
    title,
    ...(models.length > 0 && {
      summary: `${models.join(', ')}: every figure was measured, and is in the files that this page was made of.`
    }),
    charts: [
      ...[...bySuite.values()].flatMap(each => suiteOf(each[0]).charts(each)),
      ...runCharts(runs),
      ...sources.flatMap(({ charts }) => charts)
    ],
    tables: scores.rows.length ? [{ title: 'Scores', ...scores }] : [],
    metadata: Object.fromEntries([
      ...[...bySuite].map(([suite, [{ version }]]) => [`version of ${suite}`, version] as const),
      ...runs.flatMap(
        ({ name, data, seeds }) =>
          [
            [`${name}: data digest`, data.digest],
            [`${name}: seed`, seeds.train]
          ] as const
      ),
      ...sources.map(({ file }, i) => [`file ${i + 1}`, file] as const)
    ]),
    ...(recipes.size === 1 && { recipe: [...recipes][0] })
  }
}

/** The base model of several runs is shown once. */
function unique(results: readonly EvalResult[]): EvalResult[] {
  const seen = new Set<string>()
  return results.filter(result => {
    const key = JSON.stringify([result.suite, result.model, result.metrics, result.config])
    return !seen.has(key) && seen.add(key)
  })
}

/** Loss curves of every run together, what was validated, and bars of speed and memory. */
export function runCharts(runs: readonly ExperimentResult[]): Chart[] {
  if (runs.length === 0) return []
  return [
    lossChart(...runs),
    ...validationCharts(...runs),
    bars('speed', 'Speed of training', 'Tokens per second', runs, ({ training }) =>
      Math.round(training.tokensPerSecond)
    ),
    bars('memory', 'Peak memory of training', 'Peak memory (MB)', runs, ({ training }) =>
      Math.round(training.peakMemoryMB)
    )
  ]
}

function bars(
  id: string,
  title: string,
  label: string,
  runs: readonly ExperimentResult[],
  of: (run: ExperimentResult) => number
): BarChart {
  return {
    kind: 'bar',
    id,
    title,
    x: { label: 'Run', categories: runs.map(({ name }) => name) },
    y: { label, scale: 'linear' },
    series: [{ name: label, values: runs.map(of) }],
    description: `${label}. ${runs.map(run => `${run.name}: ${of(run)}`).join(', ')}.`
  }
}
