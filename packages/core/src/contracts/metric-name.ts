import type { EvalResult } from './eval-suite.js'

const BY_LENGTH = /^(.*)@(\d+)$/s

/** The name of a metric at one length: `perplexity@4096`. No other code writes names of this form. */
export const metricAt = (name: string, length: number): string => `${name}@${length}`

/** What {@link metricAt} was given, undefined for a metric that is not by length. */
export function metricParts(metric: string): { readonly name: string; readonly length: number } | undefined {
  const [, name, length] = BY_LENGTH.exec(metric) ?? []
  return name === undefined ? undefined : { name, length: Number(length) }
}

/**
 * A metric of a result by length, shortest first. It is read from the result's metrics, which every version of a suite
 * has.
 *
 * @returns [length in tokens, value]
 *
 * @example
 * ```ts
 * const metrics = { 'perplexity@512': 5.2, 'perplexity@256': 6.1, 'bits-per-byte@256': 1.4 }
 * console.log(byLength({ metrics }, 'perplexity')) // [ [ 256, 6.1 ], [ 512, 5.2 ] ]
 * ```
 */
export function byLength({ metrics }: Pick<EvalResult, 'metrics'>, metric: string): [number, number][] {
  const points: [number, number][] = []
  for (const [each, value] of Object.entries(metrics)) {
    const parts = metricParts(each)
    if (parts?.name === metric) points.push([parts.length, value])
  }
  return points.sort(([a], [b]) => a - b)
}

/** A share in [0, 1] as people read it, with at most one digit after the point: `87.5 %`. */
export const formatPercent = (share: number): string => `${+(100 * share).toFixed(1)} %`
