import type { Chart, EvalResult } from '@skipwise/core'
import { lengthChart } from './length-chart.js'

/** Accuracy by length, one series a result. */
export function passkeyCharts(results: readonly EvalResult[]): readonly Chart[] {
  const own = results.filter(result => result.suite === 'passkey')
  if (own.length === 0) return []
  return [lengthChart(own, { id: 'passkey', metric: 'passkey', title: 'Passkey retrieval by context length', y: 'Keys retrieved exactly' })]
}
