import { randomStream } from '@skipwise/core'

/** One unit of two results: its values and the weight it has in both. */
export interface Pair {
  readonly a: number
  readonly b: number
  readonly weight: number
}

/** Up to this many pairs that differ, every assignment of signs is counted: 65,536. */
const EXACT_PAIRS = 16

/** Draws of signs, and of units, where there are more. */
const DRAWS = 10_000

/** A p-value and the test that gave it. */
export interface PairedTest {
  /** Probability of a difference this large, in either direction, if the two were alike. */
  readonly pValue: number
  readonly method: 'exact sign test' | 'exact sign-flip test' | 'sign-flip test, 10000 draws'
}

/**
 * Tests Σ (b − a) = 0 over pairs. Without a real difference each b − a is as likely as its opposite, so the sum is
 * compared with those of other signs (Fisher's randomisation test). Where all differences have one size, as for right
 * and wrong answers, that is the exact sign test, for answers McNemar's.
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

/**
 * 95 % percentile bootstrap interval of `statistic` over units drawn with replacement, both results together; null for
 * a single unit.
 */
export function pairedInterval(
  pairs: readonly Pair[],
  statistic: (pairs: readonly Pair[]) => number,
  seed: number
): readonly [number, number] | null {
  if (pairs.length < 2) return null
  const values = Float64Array.from({ length: 2000 }, (_, draw) => {
    const random = randomStream({ seed, stream: 'paired-bootstrap', index: draw })
    return statistic(pairs.map(() => pairs[random.integer(0, pairs.length - 1)]))
  }).sort()
  const at = (p: number) => {
    const place = p * (values.length - 1)
    const low = Math.floor(place)
    return values[low] + (place - low) * (values[Math.min(low + 1, values.length - 1)] - values[low])
  }
  return [at(0.025), at(0.975)]
}

/**
 * Holm's correction (Scandinavian Journal of Statistics 6, 1979): p-values of several tests such that any false alarm
 * among them has the level.
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
