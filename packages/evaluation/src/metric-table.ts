import { formatPercent, metricAt, metricParts, type EvalResult, type EvalSuite, type Table } from '@skipwise/core'

/** The metrics of a result: those by length as a table, a row for each length, and the others. */
export interface MetricTable extends Table {
  readonly others: readonly (readonly [string, number])[]
}

/**
 * Puts metrics `name@length` into a table.
 *
 * @param unit the window of the model in tokens; the first column also gives lengths in multiples of it
 */
export function metricTable(suite: EvalSuite, result: EvalResult, unit: number): MetricTable {
  const byLength = new Map<number, Map<string, number>>()
  const names = new Set<string>()
  const others: [string, number][] = []
  for (const [metric, value] of Object.entries(result.metrics)) {
    const parts = metricParts(metric)
    if (parts === undefined) others.push([metric, value])
    else {
      const { name, length } = parts
      names.add(name)
      byLength.set(length, (byLength.get(length) ?? new Map<string, number>()).set(name, value))
    }
  }
  const percent = shares(suite, result)
  return {
    headers: ['length', '× window', ...names],
    rows: [...byLength]
      .sort(([a], [b]) => a - b)
      .map(([length, values]) => [
        length,
        `${+(length / unit).toFixed(2)}×`,
        ...[...names].map(name => {
          const value = values.get(name)
          return value === undefined ? '' : percent.has(metricAt(name, length)) ? formatPercent(value) : value
        })
      ]),
    others
  }
}

/** Metrics that are shares of correct answers, shown in percent. */
export const shares = (suite: EvalSuite, result: EvalResult): Set<string> =>
  new Set(
    (suite.samples?.(result) ?? [])
      .filter(({ better, scale }) => better === 'higher' && scale === 'linear')
      .map(({ metric }) => metric)
  )
