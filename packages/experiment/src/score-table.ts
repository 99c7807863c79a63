import type { EvalResult } from '@skipwise/core'
import type { Cell, Table } from '@skipwise/report'

/** Metrics that are not by length, a row each: every model's, and how far it is from the first one's. */
export function scoreTable(results: readonly EvalResult[]): Table {
  const names = [...new Set(results.flatMap(({ metrics }) => Object.keys(metrics)))].filter(name => !/@\d+$|_stderr$/.test(name)), models = [...new Set(results.map(({ model }) => model))]
  const valueOf = (model: string, name: string) => results.find(result => result.model === model && name in result.metrics)?.metrics
  const [first, ...others] = models
  return {
    headers: ['metric', ...models, ...others.map(model => `${model} − ${first}`)],
    rows: names.map(name => {
      const all = models.map(model => valueOf(model, name)), start = all[0]?.[name]
      const differences = all.slice(1).map((metrics): Cell => (start === undefined || metrics === undefined ? '' : signed(metrics[name] - start)))
      return [name, ...all.map((metrics): Cell => (metrics === undefined ? '' : withError(metrics[name], metrics[`${name}_stderr`]))), ...differences]
    })
  }
}

const withError = (value: number, error: number | undefined): Cell => (error === undefined ? value : `${value.toFixed(4)} ± ${error.toFixed(4)}`)
const signed = (difference: number): string => `${difference < 0 ? '-' : '+'}${Math.abs(difference).toPrecision(3)}`
