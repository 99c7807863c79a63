import type { RandomStream } from '@skipwise/core'
import { sortedSample } from './sorted-sample.js'

/**
 * How T tokens are split: `uniform` draws every split into chunks of ≥ 1 token with the same probability; `equal` is
 * fixed; `half` draws the first chunk from 1 … ⌊(T + 1) / 2⌋, as the authors' repository does, and splits the rest as
 * `uniform`.
 */
export type ChunkLengths = 'uniform' | 'equal' | 'half'

/**
 * Where the chunks of an example begin, then T: [N + 1], strictly increasing from 0.
 *
 * `uniform` is uniform over the compositions of T into N positive parts: N − 1 distinct cuts from 1 … T − 1, every set
 * of them with the same probability. For N = 2 that is one uniform cut from 1 … T − 1.
 *
 * @param tokens T ≥ `chunks`
 * @param chunks N ≥ 1
 */
export function chunkStarts(lengths: ChunkLengths, tokens: number, chunks: number, random: RandomStream): Int32Array {
  const starts = new Int32Array(chunks + 1)
  starts[chunks] = tokens
  if (lengths === 'equal') for (let i = 1; i < chunks; i++) starts[i] = Math.floor((i * tokens) / chunks)
  else if (chunks > 1) {
    const first = lengths === 'half' ? random.integer(1, Math.min((tokens + 1) >> 1, tokens - chunks + 1)) : 0
    const fixed = first === 0 ? 1 : 2
    if (first > 0) starts[1] = first
    sortedSample(chunks - fixed, tokens - first - 1, random).forEach((cut, i) => (starts[i + fixed] = first + 1 + cut))
  }
  return starts
}
