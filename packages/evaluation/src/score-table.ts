import { metricParts, type Cell, type EvalResult, type Table } from '@skipwise/core'

/** Metrics that are not by length, a row each: the value of every model, and its difference from the first model. */
export function scoreTable(results: readonly EvalResult[]): Table {
  const models = [...new Set(results.map(({ model }) => model))]
  const rows = rowsOf(results)
  const metricsOf = (model: string, { suite, name }: Row) =>
    results.find(result => result.model === model && result.suite === suite && name in result.metrics)?.metrics
  const [first, ...others] = models
  return {
    headers: ['metric', ...models, ...others.map(model => `${model} − ${first}`)],
    rows: rows.map(row => {
      const { name } = row
      const all = models.map(model => metricsOf(model, row))
      const start = all[0]?.[name]
      const label = rows.filter(other => other.name === name).length > 1 ? `${row.suite}: ${name}` : name
      const differences = all
        .slice(1)
        .map((metrics): Cell => (start === undefined || metrics === undefined ? '' : signed(metrics[name] - start)))
      return [
        label,
        ...all.map((metrics): Cell =>
          metrics === undefined ? '' : withError(metrics[name], metrics[`${name}_stderr`])
        ),
        ...differences
      ]
    })
  }
}

/** A metric of a suite: two suites may have metrics of the same name. */
interface Row {
  readonly suite: string
  readonly name: string
}

function rowsOf(results: readonly EvalResult[]): Row[] {
  const rows = new Map(
    results.flatMap(({ suite, metrics }) =>
      Object.keys(metrics).map(name => [JSON.stringify([suite, name]), { suite, name }] as const)
    )
  )
  return [...rows.values()].filter(({ name }) => metricParts(name) === undefined && !name.endsWith('_stderr'))
}

const withError = (value: number, error: number | undefined): Cell =>
  error === undefined ? value : `${value.toFixed(4)} ± ${error.toFixed(4)}`

function signed(difference: number): string {
  const size = Math.abs(difference)
  return `${difference < 0 ? '-' : '+'}${Number.isInteger(size) ? size : size.toPrecision(3)}`
}
