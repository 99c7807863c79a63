import type { RopeGeometry } from '@skipwise/core'
import { geometryError } from './geometry.js'

/**
 * b' = b · scale^(R/(R−2)): leaves θ_0 alone and divides the last frequency by exactly `scale` (bloc97 2023).
 *
 * @throws SkipwiseError `INTERPOLATION_GEOMETRY` for R = 2, where the exponent has no value
 */
export function ntkBase({ base, rotaryDim }: RopeGeometry, scale: number): number {
  if (rotaryDim < 4)
    throw geometryError(
      `ntk has the exponent R/(R−2) and rotaryDim is ${rotaryDim}`,
      'use linear, or a rotaryDim of at least 4'
    )
  return base * scale ** (rotaryDim / (rotaryDim - 2))
}
