import { randomStream } from '@skipwise/core'

/** One unit of two results: its values and the weight it has in both. */
export interface Pair {
  readonly a: number
  readonly b: number
  readonly weight: number
}

/** Up to this many differing pairs, every assignment of signs is counted: 65,536. */
const EXACT_PAIRS = 16

/** Random draws of signs, where there are more pairs, and of units. */
const DRAWS = 10_000

/** A p-value and the test that gave it. */
export interface PairedTest {
  /** Probability of a difference this large, in either direction, if the two were alike. */
  readonly pValue: number
  readonly method: 'exact sign test' | 'exact sign-flip test' | 'sign-flip test, 10000 draws'
}

/**
 * Tests Σ (b − a) = 0 over pairs. Without a real difference b − a and its negative are equally likely, so the sum is
 * compared with the sums for other signs (Fisher's randomisation test). Where all differences have the same size, as
 * for right and wrong answers, this is the exact sign test (McNemar's test for answers).
 */
export function pairedTest(pairs: readonly Pair[], seed: number): PairedTest {
  const differences = pairs.map(({ a, b }) => b - a).filter(difference => difference !== 0)
  const sizes = new Set(differences.map(Math.abs))
  if (sizes.size <= 1)
    return {
      pValue: signTest(differences.filter(difference => difference > 0).length, differences.length),
      method: 'exact sign test'
    }
  const observed = Math.abs(differences.reduce((sum, difference) => sum + difference, 0))
  const tolerance = 1e-12 * differences.reduce((sum, difference) => sum + Math.abs(difference), 0)
  const reaches = (sign: (i: number) => boolean) =>
    Math.abs(differences.reduce((sum, difference, i) => sum + (sign(i) ? difference : -difference), 0)) >=
    observed - tolerance
  if (differences.length <= EXACT_PAIRS) {
    let reached = 0
    for (let signs = 0; signs < 2 ** differences.length; signs++) if (reaches(i => ((signs >> i) & 1) === 1)) reached++
    return { pValue: reached / 2 ** differences.length, method: 'exact sign-flip test' }
  }
  let reached = 0
  for (let draw = 0; draw < DRAWS; draw++) {
    const random = randomStream({ seed, stream: 'sign-flip', index: draw })
    if (reaches(() => random.uint32() < 0x80000000)) reached++
  }
  return { pValue: (reached + 1) / (DRAWS + 1), method: 'sign-flip test, 10000 draws' }
}

/** Two-sided exact binomial test of `positive` of `count` at ½. */
export function signTest(positive: number, count: number): number {
  const fewer = Math.min(positive, count - positive)
  // C(count, k) / 2^count by logarithms: the powers overflow beyond 1,023.
  let logChoose = -count * Math.LN2
  let tail = 0
  for (let k = 0; k <= fewer; k++) {
    tail += Math.exp(logChoose)
    logChoose += Math.log((count - k) / (k + 1))
  }
  return Math.min(1, 2 * tail)
}

/** How {@link bootstrapInterval} draws. */
export interface BootstrapOptions {
  /** Number of resamples. */
  readonly resamples: number
  readonly seed: number
  /** Name of the random stream, so that two intervals of one seed are independent. */
  readonly stream: string
}

/**
 * 95 % percentile bootstrap interval of a statistic over units drawn with replacement (Efron & Tibshirani, An
 * Introduction to the Bootstrap, chapter 13). Draws depend on seed, stream and replicate alone.
 *
 * @returns [low, high], or null for a single unit, whose spread is unknown
 */
export function bootstrapInterval<Unit>(
  units: readonly Unit[],
  statistic: (units: readonly Unit[]) => number,
  { resamples, seed, stream }: BootstrapOptions
): readonly [number, number] | null {
  if (units.length < 2) return null
  const values = Float64Array.from({ length: resamples }, (_, replicate) => {
    const random = randomStream({ seed, stream, index: replicate })
    return statistic(units.map(() => units[random.integer(0, units.length - 1)]))
  }).sort()
  return [quantile(values, 0.025), quantile(values, 0.975)]
}

/** The p-quantile of sorted values [N], linear between neighbours (Hyndman & Fan's type 7). */
export function quantile(sorted: Float64Array, p: number): number {
  const at = p * (sorted.length - 1)
  const low = Math.floor(at)
  const high = Math.min(low + 1, sorted.length - 1)
  return sorted[low] + (at - low) * (sorted[high] - sorted[low])
}

/**
 * Holm's correction (Scandinavian Journal of Statistics 6, 1979): adjusts the p-values of several tests so that the
 * level bounds the probability of any false alarm among them.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((i, j) => pValues[i] - pValues[j])
  const adjusted = new Array<number>(pValues.length)
  let largest = 0
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, pValues[index] * (pValues.length - rank)))
    adjusted[index] = largest
  })
  return adjusted
}

/** Standard normal quantile at 0.975. */
const Z = 1.959963984540054

/**
 * Wilson score interval of a proportion at 95 % (Wilson, JASA 22, 1927): valid at 0 and at 1, where the normal interval
 * has no width.
 *
 * @param successes in [0, trials]
 * @param trials at least 1
 * @returns [low, high] in [0, 1]
 */
export function wilsonInterval(successes: number, trials: number): readonly [number, number] {
  const p = successes / trials
  const z2 = (Z * Z) / trials
  const centre = (p + z2 / 2) / (1 + z2)
  const half = (Z / (1 + z2)) * Math.sqrt((p * (1 - p)) / trials + z2 / (4 * trials))
  return [successes === 0 ? 0 : Math.max(0, centre - half), successes === trials ? 1 : Math.min(1, centre + half)]
}

/** Mean, and its standard error (sample standard deviation / √n) where there are two values or more. */
export function meanAndError(values: readonly number[]): {
  readonly mean: number
  readonly stderr?: number
} {
  const n = values.length
  const mean = sum(values) / n
  return n < 2
    ? { mean }
    : { mean, stderr: Math.sqrt(sum(values.map(value => (value - mean) ** 2)) / (n - 1)) / Math.sqrt(n) }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
