import { SkipwiseError, type RopeGeometry } from '@skipwise/core'

/** Far above any real head, and small enough that a false configuration cannot ask for gigabytes. */
const MAX_ROTARY_DIM = 65536

/** @throws SkipwiseError `INTERPOLATION_GEOMETRY` */
export function geometryError(problem: string, fix: string): SkipwiseError {
  return new SkipwiseError('INTERPOLATION_GEOMETRY', { problem, fix })
}

/**
 * Checks a geometry and returns its factor s = L_t / L_c.
 *
 * @throws SkipwiseError `INTERPOLATION_GEOMETRY`
 */
export function factorOf({ rotaryDim, base, originalLength, targetLength, length }: RopeGeometry): number {
  if (!(Number.isInteger(rotaryDim) && rotaryDim >= 2 && rotaryDim % 2 === 0 && rotaryDim <= MAX_ROTARY_DIM)) {
    throw geometryError(`rotaryDim is ${rotaryDim}`, `give an even integer from 2 to ${MAX_ROTARY_DIM}`)
  }
  if (!(Number.isFinite(base) && base > 0))
    throw geometryError(`base is ${base}`, 'give rope_theta, a finite number above 0')
  if (!(Number.isFinite(originalLength) && originalLength > 0)) {
    throw geometryError(`originalLength is ${originalLength}`, 'give the window of the original model, in tokens')
  }
  if (!(Number.isFinite(targetLength) && targetLength >= originalLength)) {
    throw geometryError(
      `targetLength is ${targetLength}, originalLength ${originalLength}`,
      'give a targetLength of at least originalLength'
    )
  }
  if (length !== undefined && !(Number.isFinite(length) && length >= 0))
    throw geometryError(`length is ${length}`, 'give the sequence length in tokens')
  return targetLength / originalLength
}

/** θ_i = b^(−2i/R), [R/2] (RoFormer, Su et al. 2021, eq. 15). */
export const ropeFrequencies = (base: number, rotaryDim: number): Float64Array =>
  Float64Array.from({ length: rotaryDim / 2 }, (_, i) => base ** ((-2 * i) / rotaryDim))
