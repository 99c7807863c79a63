import type { Chart, EvalResult } from '@skipwise/core'

/** Accuracy by length, one series a result; rules stand where a model's own window ends. */
export function passkeyCharts(results: readonly EvalResult[]): readonly Chart[] {
  const series = results
    .filter(result => result.suite === 'passkey')
    .map(result => ({ name: result.model, points: pointsOf(result), maxLength: (result.details as { maxLength?: unknown } | undefined)?.maxLength }))
  if (series.length === 0) return []
  const lengths = series.flatMap(({ points }) => points.map(([length]) => length))
  return [
    {
      id: 'passkey',
      title: 'Passkey retrieval by context length',
      x: { label: 'Length of prompt and answer (tokens)', scale: 'log' },
      y: { label: 'Keys retrieved exactly', scale: 'linear', percent: true, domain: [0, 1] },
      series: series.map(({ name, points }) => ({ name, points })),
      rules: [...new Set(series.map(({ maxLength }) => maxLength))]
        .filter(length => typeof length === 'number')
        .filter(length => length >= Math.min(...lengths) && length < Math.max(...lengths))
        .map(x => ({ x, label: `window of ${x}` })),
      description: `Share of pass keys retrieved exactly, by length. ${series.map(({ name, points }) => `${name}: ${describe(points)}.`).join(' ')}`
    }
  ]
}

/** [length, accuracy], shortest first; from the metrics, which every version of the suite has. */
function pointsOf(result: EvalResult): [number, number][] {
  const points: [number, number][] = []
  for (const [name, value] of Object.entries(result.metrics)) {
    const length = /^passkey@(\d+)$/.exec(name)?.[1]
    if (length) points.push([Number(length), value])
  }
  return points.sort(([a], [b]) => a - b)
}

const describe = (points: readonly (readonly [number, number])[]) =>
  points.map(([length, accuracy]) => `${(100 * accuracy).toFixed(0)} % at ${length}`).join(', ')
