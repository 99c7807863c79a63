import { randomStream, type RandomStream, type RopeGeometry } from '@skipwise/core'
import { factorOf } from './geometry.js'
import { wavelengthFactors } from './yarn-revised.js'

/** Arguments of {@link searchLongropeFactors}. */
export interface LongropeSearch {
  /** R, b, L_c and L_t; the search depends on R and s, its starting points on all four. */
  readonly geometry: RopeGeometry
  /** Perplexity of the model with factors λ̂ [R/2] at the target length; NaN counts as the worst. */
  readonly perplexity: (factors: Float64Array) => number | Promise<number>
  /** Seed of the run: one seed gives one result. */
  readonly seed?: number
  /** Rounds after the starting points; 10 if not given. */
  readonly rounds?: number
  /** Candidates kept from round to round; 8 if not given. */
  readonly parents?: number
  /** New candidates for each round, half by mutation and half by crossover; 16 if not given. */
  readonly children?: number
  /** Probability that a mutation changes a factor; 0.3 if not given, as in LongRoPE. */
  readonly mutationProbability?: number
  readonly signal?: AbortSignal
}

/** What {@link searchLongropeFactors} found. */
export interface LongropeSearchResult {
  /** λ̂ [R/2], for `longFactor` of longrope: non-decreasing, at least 1. */
  readonly factors: Float64Array
  readonly perplexity: number
  /** How often `perplexity` was called. */
  readonly evaluations: number
  /** The best perplexity after the starting points and after each round; never rises. */
  readonly history: readonly number[]
}

interface Candidate {
  readonly factors: Float64Array
  readonly perplexity: number
}

/** Factors are whole multiples of this, as in LongRoPE. */
const STEP = 0.01
/** Factors may exceed s by this much. */
const MOST = 1.25

/**
 * A small evolutionary search for the factors of longrope (after Ding et al., arXiv 2402.13753, with a smaller
 * population): from Position Interpolation, NTK-aware scaling and the wavelengths of YaRN, by mutation and crossover.
 * Factors never decrease with the index and are in [1, 1.25 s]. Deterministic: draws are a function of (seed, round,
 * child), and no factors are measured twice.
 *
 * @throws SkipwiseError `INTERPOLATION_GEOMETRY`, and what `perplexity` throws
 *
 * @example
 * ```ts
 * const { factors } = await searchLongropeFactors({ geometry, perplexity: perplexityWith })
 * const scheme = longrope({ shortFactor: [...factors], longFactor: [...factors] })
 * ```
 */
export async function searchLongropeFactors(search: LongropeSearch): Promise<LongropeSearchResult> {
  const { geometry, seed = 0, rounds = 10, parents = 8, children = 16, mutationProbability = 0.3 } = search
  const most = MOST * factorOf(geometry)
  const measured = new Map<string, Candidate>()
  const measure = async (factors: Float64Array): Promise<void> => {
    const admissible = rising(factors, most)
    const key = admissible.join()
    if (measured.has(key)) return
    search.signal?.throwIfAborted()
    const perplexity = await search.perplexity(admissible.slice())
    measured.set(key, { factors: admissible, perplexity: Number.isNaN(perplexity) ? Infinity : perplexity })
  }
  // a stable sort: of two equal candidates the older stays
  const best = (count: number) =>
    [...measured.values()].sort((a, b) => a.perplexity - b.perplexity || 0).slice(0, count)

  for (const factors of startingPoints(geometry)) await measure(factors)
  const history = [best(1)[0].perplexity]
  for (let round = 1; round <= rounds; round++) {
    const kept = best(parents)
    for (let child = 0; child < children; child++) {
      const stream = randomStream({ seed, stream: 'longrope-search', epoch: round, index: child })
      const draw = () => kept[stream.integer(0, kept.length - 1)].factors
      await measure(child % 2 === 0 ? mutate(draw(), stream, mutationProbability, most) : cross(draw(), draw(), stream))
    }
    history.push(best(1)[0].perplexity)
  }
  const [{ factors, perplexity }] = best(1)
  return { factors, perplexity, evaluations: measured.size, history }
}

function startingPoints(geometry: RopeGeometry): Float64Array[] {
  const { rotaryDim } = geometry
  const factor = factorOf(geometry)
  const half = rotaryDim / 2
  return [
    new Float64Array(half).fill(factor),
    Float64Array.from({ length: half }, (_, i) => factor ** (half > 1 ? i / (half - 1) : 1)),
    wavelengthFactors(geometry)
  ]
}

/** Changes each factor with a probability, up to a tenth of the logarithmic range either way. */
const mutate = (factors: Float64Array, stream: RandomStream, probability: number, most: number) =>
  factors.map(factor => (stream.uniform() < probability ? factor * most ** (0.2 * stream.uniform() - 0.1) : factor))

const cross = (a: Float64Array, b: Float64Array, stream: RandomStream) =>
  a.map((factor, i) => (stream.uniform() < 0.5 ? factor : b[i]))

/** The nearest admissible factors: in range, on the grid, none below the one before. */
function rising(factors: Float64Array, most: number): Float64Array {
  let least = 1
  return factors.map(factor => (least = Math.max(least, Math.round(Math.min(most, factor) / STEP) * STEP)))
}
