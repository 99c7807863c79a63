import type { PositionTransform, Window } from '@skipwise/core'

/** What {@link estimateCoverage} measures. */
export interface CoverageEstimate {
  /** Share of the examples that contain each relative distance, [L_t]. */
  readonly probability: Float64Array
  /** √(p (1 − p) / n) of each, [L_t]. */
  readonly standardError: Float64Array
  /** n */
  readonly examples: number
}

/** How {@link estimateCoverage} counts. */
export interface CoverageEstimateOptions {
  /** n ≥ 1 */
  readonly examples: number
  readonly seed: number
  /** Token ids [n], for transforms that split at boundaries; L_t + 1 zeros if not given. */
  readonly document?: Int32Array | undefined
}

/**
 * The probability that one example of a transform has two tokens at each relative distance, counted over `examples`
 * seeded examples (indices 0 … n − 1 of epoch 0).
 *
 * @throws SkipwiseError what the transform throws
 */
export function estimateCoverage(
  transform: PositionTransform,
  window: Window,
  { examples, seed, document }: CoverageEstimateOptions
): CoverageEstimate {
  const text = document ?? new Int32Array(Math.max(transform.minimumTokens(window), window.target + 1))
  // changes[r]: how the number of examples with r differs from that with r − 1
  const changes = new Float64Array(window.target + 1)
  const scratch = new Int32Array(window.target + 1)
  for (let index = 0; index < examples; index++) {
    const runs = runsOf(transform.example(text, window, { seed, epoch: 0, index }).positionIds)
    if (8 * runs.length * runs.length < window.target) countSorted(runs, changes)
    else countScanned(runs, changes, scratch)
  }
  const probability = new Float64Array(window.target)
  for (let distance = 0, count = 0; distance < window.target; distance++)
    probability[distance] = (count += changes[distance]) / examples
  return { probability, standardError: probability.map(p => Math.sqrt((p * (1 - p)) / examples)), examples }
}

type PositionRun = [first: number, last: number]

/** Runs of consecutive ids. */
export function runsOf(positionIds: Int32Array): PositionRun[] {
  const runs: PositionRun[] = []
  for (let t = 0, first = 0; t < positionIds.length; t++) {
    if (t + 1 < positionIds.length && positionIds[t + 1] === positionIds[t] + 1) continue
    runs.push([positionIds[first], positionIds[t]])
    first = t + 1
  }
  return runs
}

/** Two runs have an interval of distances, and a single run those from 0. */
function forEachInterval(runs: readonly PositionRun[], add: (from: number, to: number) => void): void {
  runs.forEach(([first, last], j) => {
    add(0, last - first)
    for (let i = 0; i < j; i++) add(first - runs[i][1], last - runs[i][0])
  })
}

/** Adds 1 to every distance of the union of the intervals, in time that grows with the runs: for few runs. */
function countSorted(runs: readonly PositionRun[], changes: Float64Array): void {
  const intervals: PositionRun[] = []
  forEachInterval(runs, (from, to) => intervals.push([from, to]))
  intervals.sort((a, b) => a[0] - b[0])
  let reached = -1
  for (const [from, to] of intervals) {
    if (to <= reached) continue
    changes[Math.max(from, reached + 1)]++
    changes[to + 1]--
    reached = to
  }
}

/** The same in time that grows with the target: for many runs. */
function countScanned(runs: readonly PositionRun[], changes: Float64Array, scratch: Int32Array): void {
  scratch.fill(0)
  forEachInterval(runs, (from, to) => {
    scratch[from]++
    scratch[to + 1]--
  })
  for (let distance = 0, open = 0, held = false; distance < scratch.length; distance++) {
    open += scratch[distance]
    if (open > 0 === held) continue
    held = !held
    changes[distance] += held ? 1 : -1
  }
}
