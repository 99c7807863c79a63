import type { RopeFrequencies, RopeGeometry } from '@skipwise/core'
import { ropeFrequencies } from './geometry.js'

/**
 * The base b' whose plain RoPE equals a table, θ'_i = b'^(−2i/R) for every i; undefined when there is none.
 * `geometry.base` when it fits, else b' from the second frequency.
 */
export function effectiveBase(
  { base, rotaryDim }: RopeGeometry,
  { inverseFrequencies }: RopeFrequencies
): number | undefined {
  const fits = (candidate: number) =>
    ropeFrequencies(candidate, rotaryDim).every((theta, i) => Math.abs(theta - inverseFrequencies[i]) <= 1e-9 * theta)
  if (fits(base)) return base
  const other = rotaryDim > 2 && inverseFrequencies[1] > 0 ? inverseFrequencies[1] ** (-rotaryDim / 2) : Infinity
  return Number.isFinite(other) && fits(other) ? other : undefined
}
