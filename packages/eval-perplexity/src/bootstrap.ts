import { randomStream } from '@skipwise/core'
import { perplexityOf, type SequenceScore } from './tally.js'

/**
 * 95 % percentile bootstrap interval of {@link perplexityOf} over documents, drawn with replacement (Efron &
 * Tibshirani, An Introduction to the Bootstrap, chapter 13). Draws depend on the seed and on the replicate alone, so
 * all window lengths share them.
 *
 * @returns [low, high], or null for a single document, of which no spread can be known
 */
export function bootstrapInterval(
  scores: readonly Pick<SequenceScore, 'sum' | 'weight'>[],
  resamples: number,
  seed: number
): readonly [number, number] | null {
  if (scores.length < 2) return null
  const values = Float64Array.from({ length: resamples }, (_, replicate) => {
    const random = randomStream({ seed, stream: 'perplexity-bootstrap', index: replicate })
    return perplexityOf(scores.map(() => scores[random.integer(0, scores.length - 1)]))
  }).sort()
  return [quantile(values, 0.025), quantile(values, 0.975)]
}

/** The p-quantile of sorted values, linear between neighbours (Hyndman & Fan's type 7). */
export function quantile(sorted: Float64Array, p: number): number {
  const at = p * (sorted.length - 1)
  const low = Math.floor(at)
  const high = Math.min(low + 1, sorted.length - 1)
  return sorted[low] + (at - low) * (sorted[high] - sorted[low])
}
