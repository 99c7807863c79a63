import type { Chart, EvalResult } from '@skipwise/core'

/** 95 % of a normal distribution, in standard errors. */
const Z = 1.96

/** Accuracies by benchmark, one series a result, with 95 % intervals from their standard errors. */
export function benchmarkCharts(results: readonly EvalResult[]): readonly Chart[] {
  const own = results.filter(({ suite }) => suite === 'benchmarks')
  const categories = [
    ...new Set(own.flatMap(({ metrics }) => Object.keys(metrics).filter(name => !name.endsWith('_stderr'))))
  ]
  if (own.length === 0) return []
  const series = own.map(({ model, metrics }) => ({
    name: model,
    values: categories.map(name => metrics[name] ?? null),
    intervals: categories.map(name => intervalOf(metrics[name], metrics[`${name}_stderr`]))
  }))
  return [
    {
      kind: 'bar',
      id: 'benchmarks',
      title: 'Benchmarks at short length',
      x: { label: 'Benchmark', categories },
      y: { label: 'Score (higher is better)', scale: 'linear', percent: true, domain: [0, 1] },
      series,
      description: `Scores of multiple-choice benchmarks, with 95 % intervals. ${series.map(({ name, values }) => `${name}: ${categories.flatMap((category, i) => describe(category, values[i])).join(', ')}.`).join(' ')}`
    }
  ]
}

function intervalOf(mean: number | undefined, stderr: number | undefined): [number, number] | null {
  return mean === undefined || stderr === undefined
    ? null
    : [Math.max(0, mean - Z * stderr), Math.min(1, mean + Z * stderr)]
}

const describe = (category: string, value: number | null) =>
  value === null ? [] : [`${(100 * value).toFixed(1)} % on ${category}`]
