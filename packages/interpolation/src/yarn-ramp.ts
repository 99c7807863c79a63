import type { RopeGeometry } from '@skipwise/core'
import { geometryError } from './geometry.js'

/** Where the ramp of YaRN begins and ends. */
export interface YarnRampOptions {
  /** Rotations within L_c from which a frequency is kept. */
  readonly betaFast: number
  /** Rotations within L_c up to which a frequency is fully interpolated. */
  readonly betaSlow: number
  /** Whether the ends are rounded outwards to whole indices. */
  readonly truncate: boolean
  /**
   * The last index the ramp may end at: R − 1 (`dimensions`, nearly everywhere) or R/2 − 1 (`frequencies`, in litgpt
   * and minimind).
   */
  readonly clamp: 'dimensions' | 'frequencies'
}

/**
 * Where the ramp begins and ends, as indices, with the clamps of the code of YaRN and transformers (`max(lo, 0)`,
 * `min(hi, R − 1)`).
 *
 * @throws SkipwiseError `INTERPOLATION_GEOMETRY` for a base of at most 1
 */
export function yarnRampEnds(
  { rotaryDim, base, originalLength }: RopeGeometry,
  { betaFast, betaSlow, truncate, clamp }: YarnRampOptions
): { readonly low: number; readonly high: number } {
  if (!(base > 1)) throw geometryError(`YaRN divides by ln(base) and base is ${base}`, 'give a base above 1')
  const indexOfRotations = (rotations: number) =>
    (rotaryDim * Math.log(originalLength / (rotations * 2 * Math.PI))) / (2 * Math.log(base))
  const low = indexOfRotations(betaFast)
  const high = indexOfRotations(betaSlow)
  const last = clamp === 'dimensions' ? rotaryDim - 1 : rotaryDim / 2 - 1
  return { low: Math.max(truncate ? Math.floor(low) : low, 0), high: Math.min(truncate ? Math.ceil(high) : high, last) }
}

/**
 * m_i, [R/2]: 1 where θ_i is kept, 0 where it is interpolated. The ramp of the code of YaRN and transformers, linear in
 * the *index*, including its oddities (`hi += 0.001` when the ends are equal).
 */
export function yarnRamp(geometry: RopeGeometry, options: YarnRampOptions): Float64Array {
  const { low, high } = yarnRampEnds(geometry, options)
  const width = low === high ? 0.001 : high - low
  return Float64Array.from(
    { length: geometry.rotaryDim / 2 },
    (_, i) => 1 - Math.min(1, Math.max(0, (i - low) / width))
  )
}

/** g(s, k) = 0.1 · k · ln s + 1 for s > 1, else 1 (YaRN, arXiv 2309.00071, eq. 22: √(1/t)). */
export const yarnScale = (factor: number, k = 1): number => (factor <= 1 ? 1 : 0.1 * k * Math.log(factor) + 1)
