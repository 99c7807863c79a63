import type { RandomStream } from '@skipwise/core'

/** What a gradient of every chunk is multiplied by, 0 for chunks that are left out. */
export type ChunkWeights = readonly number[]

/**
 * Draws which chunks of a sequence are backpropagated, last first as they are computed: about `budget` of them and
 * never fewer, each with a probability that depends on what was drawn before it and is never 0. The weight of a chunk
 * is one over that probability, so the expectation of a product of weights is 1 for any chunks: a gradient that came
 * through several of them is unbiased. Drawing exactly `budget` of `count` and weighting by `count / budget` (Li et al.
 * 2025, algorithm 2) is not: two chunks are drawn together less often than independent ones, and more than `budget`
 * never.
 */
export function chooseChunks(count: number, budget: number, random: Pick<RandomStream, 'uniform'>): ChunkWeights {
  const weights = new Array<number>(count).fill(0)
  let chosen = 0
  for (let chunk = count - 1; chunk >= 0; chunk--) {
    const probability = chunkProbability(count, budget, chunk, chosen)
    if (random.uniform() >= probability) continue
    weights[chunk] = 1 / probability
    chosen++
  }
  return weights
}

/**
 * Probability of a chunk once `chosen` of those after it are drawn: the rest of the budget over the rest of the chunks,
 * at least half the mean.
 */
export const chunkProbability = (count: number, budget: number, chunk: number, chosen: number): number =>
  Math.min(1, Math.max(budget / (2 * count), (budget - chosen) / (chunk + 1)))
