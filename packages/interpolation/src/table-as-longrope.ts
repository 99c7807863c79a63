import { SkipwiseError, type HuggingFaceRope, type RopeFrequencies, type RopeGeometry } from '@skipwise/core'
import { factorOf, ropeFrequencies } from './geometry.js'
import { huggingFaceRope, integerOriginalLength } from './hugging-face.js'

/**
 * Any table of frequencies as transformers' `longrope`: λ̂_i = θ_i / θ'_i in both factor lists and A as
 * `attention_factor`, so that it holds at every length. This is how stock transformers runs a scheme that it has no
 * type for.
 *
 * @param frequencies θ'_i > 0 [R/2], the same at every length of the sequence
 * @throws SkipwiseError `INTERPOLATION_EXPORT` when a frequency is 0 or the softmax scale is not 1, which no key
 * expresses
 */
export function tableAsLongrope(
  geometry: RopeGeometry,
  { inverseFrequencies, attentionFactor, softmaxScale }: RopeFrequencies
): HuggingFaceRope {
  const factor = factorOf(geometry)
  const factors = Array.from(
    ropeFrequencies(geometry.base, geometry.rotaryDim),
    (theta, i) => theta / inverseFrequencies[i]
  )
  const impossible = factors.findIndex(each => !(each > 0 && Number.isFinite(each)))
  if (impossible !== -1) {
    throw new SkipwiseError('INTERPOLATION_EXPORT', {
      problem: `frequency ${impossible} is ${inverseFrequencies[impossible]}, which no finite factor of longrope gives`,
      fix: 'write it as the type that it was computed with'
    })
  }
  if (softmaxScale !== 1) {
    throw new SkipwiseError('INTERPOLATION_EXPORT', {
      problem: `the softmax scale is multiplied by ${softmaxScale}, for which longrope has no key`,
      fix: 'use a scheme that acts through the attention factor'
    })
  }
  return huggingFaceRope(geometry, 'longrope', {
    factor,
    original_max_position_embeddings: integerOriginalLength(geometry),
    short_factor: factors,
    long_factor: factors,
    attention_factor: attentionFactor
  })
}

/** The error for a scheme whose frequencies change with the length of the sequence and that no stock type computes. */
export function lengthDependentError(name: string, fix: string): SkipwiseError {
  return new SkipwiseError('INTERPOLATION_EXPORT', {
    problem: `the frequencies of ${name} change with the length of the sequence, and transformers has no type that changes them so`,
    fix
  })
}
