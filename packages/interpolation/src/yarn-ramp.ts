import type { RopeGeometry } from '@skipwise/core'
import { geometryError } from './geometry.js'

/** Where the ramp of YaRN begins and ends. */
export interface YarnRampOptions {
  /** Rotations within L_c from which a frequency stays as it is. */
  readonly betaFast: number
  /** Rotations within L_c up to which a frequency is fully interpolated. */
  readonly betaSlow: number
  /** Whether the ends are rounded outwards to whole indices. */
  readonly truncate: boolean
}

/**
 * m_i, [R/2]: 1 where θ_i is kept, 0 where it is interpolated. The ramp of the code of YaRN and transformers, linear in the
 * *index*, with its clamps as they stand there (`max(lo, 0)`, `min(hi, R − 1)`, `hi += 0.001` when equal), also where they are odd.
 */
export function yarnRamp({ rotaryDim, base, originalLength }: RopeGeometry, { betaFast, betaSlow, truncate }: YarnRampOptions): Float64Array {
  if (!(base > 1)) throw geometryError(`YaRN divides by ln(base) and base is ${base}`, 'give a base above 1')
  const indexOfRotations = (rotations: number) => (rotaryDim * Math.log(originalLength / (rotations * 2 * Math.PI))) / (2 * Math.log(base))
  let low = indexOfRotations(betaFast), high = indexOfRotations(betaSlow)
  if (truncate) {
    low = Math.floor(low)
    high = Math.ceil(high)
  }
  low = Math.max(low, 0)
  high = Math.min(high, rotaryDim - 1)
  if (low === high) high += 0.001
  return Float64Array.from({ length: rotaryDim / 2 }, (_, i) => 1 - Math.min(1, Math.max(0, (i - low) / (high - low))))
}

/** g(s, k) = 0.1 · k · ln s + 1 for s > 1, else 1 (YaRN, arXiv 2309.00071, eq. 22: √(1/t)). */
export const yarnScale = (factor: number, k = 1): number => (factor <= 1 ? 1 : 0.1 * k * Math.log(factor) + 1)
