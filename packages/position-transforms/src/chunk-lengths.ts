import type { RandomStream } from '@skipwise/core'

/** How T tokens are split: `uniform` draws every split into chunks of ≥ 1 token with the same probability, `equal` is fixed. */
export type ChunkLengths = 'uniform' | 'equal'

/**
 * Where the chunks of an example begin, then T: [N + 1], strictly increasing from 0.
 *
 * `uniform` is uniform over the compositions of T into N positive parts: N − 1 distinct cuts from 1 … T − 1, every set of them with
 * the same probability (Floyd's sampling, N − 1 draws). For N = 2 that is one uniform cut from 1 … T − 1.
 *
 * @param tokens T ≥ `chunks`
 * @param chunks N ≥ 1
 */
export function chunkStarts(lengths: ChunkLengths, tokens: number, chunks: number, random: RandomStream): Int32Array {
  const starts = new Int32Array(chunks + 1)
  starts[chunks] = tokens
  if (lengths === 'equal') {
    for (let i = 1; i < chunks; i++) starts[i] = Math.floor((i * tokens) / chunks)
    return starts
  }
  const isCut = new Uint8Array(tokens)
  for (let last = tokens - chunks + 1; last < tokens; last++) {
    const cut = random.integer(1, last)
    isCut[isCut[cut] ? last : cut] = 1
  }
  for (let cut = 1, i = 1; i < chunks; cut++) if (isCut[cut]) starts[i++] = cut
  return starts
}
