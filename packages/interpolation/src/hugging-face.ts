import { SkipwiseError, type HuggingFaceRope, type RopeGeometry } from '@skipwise/core'

/**
 * The `config.json` keys of a rope type, new and old.
 *
 * `rope_scaling` of `linear` has exactly the keys `type` and `factor`, because transformers before 4.43 and the PoSE
 * and YaRN repositories accept no others; other types have `type` and `rope_type`. Those stacks also require `factor`
 * to be a Python float; a JavaScript number 8 is printed as `8`, so a writer of config.json should print these values
 * with a decimal point.
 *
 * `partial_rotary_factor` is not among the keys (a geometry has only R): whoever writes the file keeps it.
 */
export function huggingFaceRope(
  { base, targetLength }: RopeGeometry,
  ropeType: string,
  parameters: Readonly<Record<string, unknown>>
): HuggingFaceRope {
  const oldTypes = ropeType === 'linear' ? { type: ropeType } : { type: ropeType, rope_type: ropeType }
  return {
    rope_parameters: { rope_type: ropeType, rope_theta: base, ...parameters },
    rope_scaling: ropeType === 'default' ? null : { ...oldTypes, ...parameters },
    rope_theta: base,
    max_position_embeddings: Math.round(targetLength)
  }
}

/**
 * L_c as `original_max_position_embeddings`, which transformers requires to be an integer.
 *
 * @throws SkipwiseError `INTERPOLATION_EXPORT`
 */
export function integerOriginalLength({ originalLength }: RopeGeometry): number {
  const rounded = Math.round(originalLength)
  // A length that was computed by a division differs only by rounding.
  if (Math.abs(rounded - originalLength) > 1e-9 * originalLength) {
    throw new SkipwiseError('INTERPOLATION_EXPORT', {
      problem: `originalLength ${originalLength} is not an integer, original_max_position_embeddings must be`,
      fix: 'choose a whole number of tokens for the original window'
    })
  }
  return rounded
}
