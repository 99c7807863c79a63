import type { Chart, PositionTransform, Window } from '@skipwise/core'
import { checkWindow } from './checks.js'
import { estimateCoverage, runsOf, type CoverageEstimateOptions } from './coverage-estimate.js'

/** A planned training run. */
export interface CoverageQuestion extends Pick<CoverageEstimateOptions, 'document'> {
  readonly window: Window
  /** Examples that are counted, n ≥ 1; default as many as take about half a second. */
  readonly examples?: number | undefined
  /** Default 0. */
  readonly seed?: number | undefined
  /** T: length to serve, in tokens; L_t if not given. */
  readonly serve?: number | undefined
  /** Examples of the run, steps × batch. */
  readonly planned: number
}

/** How often a run shows the model each relative distance. */
export interface CoveragePlan {
  /** The probability that one example has each relative distance, [L_t]. */
  readonly probability: Float64Array
  /** Standard error of each, [L_t]; all 0 where the probability is exact. */
  readonly standardError: Float64Array
  /** Examples counted; undefined where the probability is exact. */
  readonly examples: number | undefined
  /** The distance below T that is least frequent in an example; the smallest of several. */
  readonly rarest: { readonly distance: number; readonly probability: number; readonly expectedExamples: number }
  /** Median of the probability over the distances from L_c to T − 1; 1 where there are none. */
  readonly typical: number
  /** Distances below T that the whole run is expected not to show, Σ (1 − p)^n. */
  readonly expectedUnseen: number
  /** Whether the rarest distance below T is at least half as frequent as the typical one. */
  readonly isEven: boolean
  /** L_t that covers T evenly with chunks and skips: T + L_c. */
  readonly recommendedTarget: number
}

/**
 * Plans the coverage of a run: exact where the transform has a closed form, else counted.
 *
 * @throws SkipwiseError `POSITIONS_WINDOW`, and what the transform throws
 */
export function planCoverage(transform: PositionTransform, question: CoverageQuestion): CoveragePlan {
  const { window, serve = window.target, planned, seed = 0 } = question
  checkWindow(window)
  const exact = transform.coverage?.(window)
  const counted = exact
    ? undefined
    : estimateCoverage(transform, window, {
        ...question,
        seed,
        examples: question.examples ?? usualExamples(transform, question)
      })
  const probability = exact ?? (counted as NonNullable<typeof counted>).probability
  const served = Math.min(serve, window.target)
  let distance = 0
  let expectedUnseen = Math.max(0, serve - window.target)
  for (let r = 0; r < served; r++) {
    if (probability[r] < probability[distance] - ROUNDING) distance = r
    expectedUnseen += (1 - probability[r]) ** planned
  }
  const far = probability.slice(window.original, served).sort()
  const typical = far.length > 0 ? far[far.length >> 1] : 1
  return {
    probability,
    standardError: counted?.standardError ?? new Float64Array(window.target),
    examples: counted?.examples,
    rarest: { distance, probability: probability[distance], expectedExamples: probability[distance] * planned },
    typical,
    expectedUnseen,
    isEven: serve <= window.target && typical > 0 && probability[distance] >= typical / 2,
    recommendedTarget: serve + window.original
  }
}

/** Differences of exact probabilities that are only rounding. */
const ROUNDING = 1e-12

/** Number of distances that can be counted one by one in about half a second. */
const WORK = 1.5e8

/** Number of examples that can be counted in about half a second: 50 to 10,000. */
function usualExamples(transform: PositionTransform, { window, seed = 0, document }: CoverageQuestion): number {
  const text = document ?? new Int32Array(Math.max(transform.minimumTokens(window), window.target + 1))
  const { positionIds } = transform.example(text, window, { seed, epoch: 0, index: 0 })
  const runs = runsOf(positionIds).length
  const sorted = 8 * runs * runs
  const work = 4 * positionIds.length + (sorted < window.target ? sorted : sorted / 8 + window.target)
  return Math.round(Math.min(10_000, Math.max(50, WORK / work)))
}

/** Points of a curve. */
const CURVE_POINTS = 160

/** The probability below which the axis is logarithmic, and the one below which that axis leaves points out. */
const FEW = 0.05
const NEARLY_NONE = 1e-3

/** Coverage by relative distance, one curve for each plan (figure 5 of the PoSE paper). */
export function coverageChart(
  plans: readonly { readonly name: string; readonly plan: CoveragePlan }[],
  window: Window,
  serve?: number
): Chart {
  const step = Math.max(1, Math.floor(window.target / CURVE_POINTS))
  const corners = [window.original - 1, window.original, window.target - window.original + 1, window.target - 1]
  const distances = [
    ...new Set([...Array.from({ length: Math.ceil(window.target / step) }, (_, i) => i * step), ...corners])
  ]
    .filter(r => r >= 0)
    .sort((a, b) => a - b)
  const isLog = plans.every(({ plan }) => plan.typical < FEW && plan.typical > NEARLY_NONE)
  return {
    id: 'coverage',
    title: `Relative distances that one example holds, ${window.original} → ${window.target}`,
    x: { label: 'relative distance (tokens)', scale: 'linear', domain: [0, window.target] },
    y: { label: 'probability', percent: true, ...(isLog ? { scale: 'log' } : { scale: 'linear', domain: [0, 1] }) },
    series: plans.map(({ name, plan }) => ({
      name,
      points: distances.map(r => [r, plan.probability[r]] as const).filter(([, p]) => !isLog || p >= NEARLY_NONE)
    })),
    rules: [
      { x: window.original, label: 'original window' },
      ...(serve !== undefined && serve < window.target ? [{ x: serve, label: 'served' }] : [])
    ],
    description: plans
      .map(
        ({ name, plan }) =>
          `${name}: typically ${(100 * plan.typical).toPrecision(3)} % beyond the original window, ${(100 * plan.rarest.probability).toPrecision(3)} % at distance ${plan.rarest.distance}`
      )
      .join('; ')
  }
}
