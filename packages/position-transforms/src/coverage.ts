import { SkipwiseError, type PositionTransform, type Window } from '@skipwise/core'
import { checkWindow } from './checks.js'
import type { ChunkLengths } from './chunk-lengths.js'

/** Of which sampler {@link exactCoverage} speaks: the `pose` options that decide the position ids. */
export interface ExactCoverageOptions {
  /** 1 or 2; 2 if not given. */
  readonly chunks?: number
  /** `'uniform'` if not given. */
  readonly lengths?: ChunkLengths
}

/**
 * The probability that one PoSE example holds two tokens at relative distance r, exactly, for every r from 0 to L_t − 1.
 *
 * With N = 2, a cut c and a skip u ~ U{0 … M}, M = L_t − L_c, the example holds r in two independent ways:
 *
 * - inside a chunk: r < max(c, L_c − c). Under `uniform` (c ~ U{1 … L_c − 1}) that has probability 1 for r < ⌈L_c / 2⌉, else
 *   2 (L_c − 1 − r) / (L_c − 1) down to 0 at L_c − 1; under `equal` it is certain or impossible;
 * - across: the distances between the chunks are u + 1 … u + L_c − 1, all of them, whatever c; so the probability is the share of
 *   skips in [r − L_c + 1, r − 1]: `(min(M, r − 1) − max(0, r − L_c + 1) + 1) / (M + 1)`.
 *
 * Beyond L_c only the second is left: flat at (L_c − 1) / (L_t − L_c + 1) up to L_t − L_c + 1, then (L_t − r) / (L_t − L_c + 1)
 * (peers.md fact 4, PoSE figure 5).
 *
 * @returns probabilities, [L_t]
 * @throws SkipwiseError `POSITIONS_WINDOW`, `COVERAGE_CHUNKS`
 */
export function exactCoverage(window: Window, { chunks = 2, lengths = 'uniform' }: ExactCoverageOptions = {}): Float64Array {
  checkWindow(window)
  const { original, target } = window, skipLimit = target - original
  if (chunks === 1) return Float64Array.from({ length: target }, (_, distance) => (distance < original ? 1 : 0))
  if (chunks !== 2) {
    throw new SkipwiseError('COVERAGE_CHUNKS', { problem: `no closed form for ${chunks} chunks`, fix: 'use 1 or 2 chunks, or estimateCoverage for any transform' })
  }
  if (original < 2) throw new SkipwiseError('POSITIONS_WINDOW', { problem: '2 chunks do not fit into 1 token', fix: 'use a window of at least 2 tokens' })
  const half = Math.ceil(original / 2)
  return Float64Array.from({ length: target }, (_, distance) => {
    const longer = lengths === 'equal' ? 0 : Math.max(0, (2 * (original - 1 - distance)) / (original - 1))
    const inside = distance < half ? 1 : longer
    const skips = Math.min(skipLimit, distance - 1) - Math.max(0, distance - original + 1) + 1
    return inside + (1 - inside) * (Math.max(0, skips) / (skipLimit + 1))
  })
}

/** What {@link estimateCoverage} measures. */
export interface CoverageEstimate {
  /** Share of the examples that hold each relative distance, [L_t]. */
  readonly probability: Float64Array
  /** √(p (1 − p) / n) of each, [L_t]. */
  readonly standardError: Float64Array
  /** n */
  readonly examples: number
}

/**
 * The same probabilities for any position transform, counted over `examples` seeded examples (indices 0 … n − 1 of epoch 0).
 *
 * @param examples n ≥ 1
 * @throws SkipwiseError what the transform throws
 */
export function estimateCoverage(transform: PositionTransform, window: Window, { examples, seed }: { readonly examples: number; readonly seed: number }): CoverageEstimate {
  const document = new Int32Array(transform.minimumTokens(window)), counts = new Float64Array(window.target)
  for (let index = 0; index < examples; index++) countDistances(transform.example(document, window, { seed, epoch: 0, index }).positionIds, counts)
  const probability = counts.map(count => count / examples)
  return { probability, standardError: probability.map(p => Math.sqrt((p * (1 - p)) / examples)), examples }
}

/** Adds 1 to every distance that one example holds: runs of consecutive ids hold intervals of distances, whose union is counted. */
function countDistances(positionIds: Int32Array, counts: Float64Array): void {
  const runs: [first: number, last: number][] = []
  for (const position of positionIds) {
    const run = runs.at(-1)
    if (run && position === run[1] + 1) run[1] = position
    else runs.push([position, position])
  }
  const changes = new Int32Array(counts.length + 1)
  const add = (from: number, to: number) => {
    changes[from]++
    changes[to + 1]--
  }
  runs.forEach(([first, last], j) => {
    add(0, last - first)
    for (let i = 0; i < j; i++) add(first - runs[i][1], last - runs[i][0])
  })
  for (let distance = 0, open = 0; distance < counts.length; distance++) {
    open += changes[distance]
    if (open > 0) counts[distance]++
  }
}
