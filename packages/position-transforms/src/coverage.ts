import { SkipwiseError, type Window } from '@skipwise/core'
import { checkWindow } from './checks.js'
import type { ChunkLengths } from './chunk-lengths.js'

/** The sampler of {@link exactCoverage}: the `pose` options that determine the position ids. */
export interface ExactCoverageOptions {
  /** 1 or 2; 2 if not given. */
  readonly chunks?: number | undefined
  /** `'uniform'` if not given. */
  readonly lengths?: ChunkLengths | undefined
}

/**
 * The probability that one PoSE example has two tokens at relative distance r, exactly, for every r from 0 to L_t − 1.
 *
 * With N = 2, a cut c and a skip u ~ U{0 … M}, M = L_t − L_c, the example has r in two independent ways:
 *
 * - inside a chunk: r < max(c, L_c − c), which holds for a share of the cuts. Under `uniform` (c ~ U{1 … L_c − 1}) that
 *   is 1 for r < ⌈L_c / 2⌉, else 2 (L_c − 1 − r) / (L_c − 1) down to 0 at L_c − 1; under `equal` it is 0 or 1;
 * - across: the distances between the chunks are u + 1 … u + L_c − 1, all of them, whatever c; so the probability is
 *   the share of skips in [r − L_c + 1, r − 1]: `(min(M, r − 1) − max(0, r − L_c + 1) + 1) / (M + 1)`.
 *
 * Beyond L_c only the second remains: flat at (L_c − 1) / (L_t − L_c + 1) up to L_t − L_c + 1, then (L_t − r) / (L_t −
 * L_c + 1) (PoSE figure 5).
 *
 * @returns probabilities, [L_t]
 * @throws SkipwiseError `POSITIONS_WINDOW`, `COVERAGE_CHUNKS`
 */
export function exactCoverage(
  window: Window,
  { chunks = 2, lengths = 'uniform' }: ExactCoverageOptions = {}
): Float64Array {
  checkWindow(window)
  const { original, target } = window
  const skips = target - original + 1
  if (chunks === 1) return Float64Array.from({ length: target }, (_, distance) => (distance < original ? 1 : 0))
  if (chunks !== 2) {
    throw new SkipwiseError('COVERAGE_CHUNKS', {
      problem: `no closed form for ${chunks} chunks`,
      fix: 'use 1 or 2 chunks, or estimateCoverage for any transform'
    })
  }
  if (original < 2)
    throw new SkipwiseError('POSITIONS_WINDOW', {
      problem: '2 chunks do not fit into 1 token',
      fix: 'use a window of at least 2 tokens'
    })
  const cuts = {
    uniform: [1, original - 1],
    equal: [original >> 1, original >> 1],
    half: [1, (original + 1) >> 1]
  } as const
  return twoChunkCoverage(window, cuts[lengths], most => (most + 1) / skips)
}

/**
 * The same for two chunks whose cut is uniform over `cuts`, both ends included, and whose relative skip u has the
 * distribution function `skipAtMost`, P(u ≤ k) for 0 ≤ k ≤ L_t − L_c.
 */
export function twoChunkCoverage(
  { original, target }: Window,
  [least, most]: readonly [number, number],
  skipAtMost: (k: number) => number
): Float64Array {
  const skipLimit = target - original
  const atMost = (k: number) => (k < 0 ? 0 : skipAtMost(k))
  return Float64Array.from({ length: target }, (_, distance) => {
    // cuts above the distance, and those with as much after them; a cut that is both counts once
    const first = Math.max(least, distance + 1)
    const last = Math.min(most, original - 1 - distance)
    const inside =
      (Math.max(0, most - first + 1) + Math.max(0, last - least + 1) - Math.max(0, last - first + 1)) /
      (most - least + 1)
    const across =
      atMost(Math.min(skipLimit, distance - 1)) - atMost(Math.min(skipLimit, Math.max(0, distance - original + 1) - 1))
    return inside + (1 - inside) * across
  })
}
