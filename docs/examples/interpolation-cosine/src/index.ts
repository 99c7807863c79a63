import { definePlugin, SkipwiseError, type RopeFrequencies, type RopeGeometry } from '@skipwise/core'
import { z } from 'zod'

const options = z.strictObject({
  sharpness: z.number().positive().default(1).describe('above 1 more frequencies stay as they are, below 1 fewer')
})

const impossible = (problem: string, fix: string) => new SkipwiseError('COSINE_GEOMETRY', { problem, fix })

/** θ'_i = θ_i / s^w(i), where w rises from 0 for the fastest pair to 1 for the slowest along half a cosine. */
function frequencies(
  { rotaryDim, base, originalLength, targetLength }: RopeGeometry,
  sharpness: number
): RopeFrequencies {
  if (!Number.isInteger(rotaryDim / 2) || rotaryDim < 2)
    throw impossible(`rotaryDim is ${rotaryDim}`, 'give an even integer from 2')
  if (!(base > 0)) throw impossible(`base is ${base}`, 'give rope_theta, above 0')
  if (!(originalLength > 0 && targetLength >= originalLength))
    throw impossible(`${originalLength} → ${targetLength} tokens`, 'give a target that is not shorter')
  const pairs = rotaryDim / 2
  const factor = targetLength / originalLength
  const weight = (i: number) => ((1 - Math.cos((Math.PI * i) / Math.max(1, pairs - 1))) / 2) ** sharpness
  return {
    inverseFrequencies: Float64Array.from(
      { length: pairs },
      (_, i) => base ** ((-2 * i) / rotaryDim) / factor ** weight(i)
    ),
    attentionFactor: 1,
    softmaxScale: 1
  }
}

/** The plugin: users register this value, and name it `example/cosine` in recipes. */
export const cosine = definePlugin({
  kind: 'interpolation',
  name: 'example/cosine',
  summary: 'from θ to θ/s along half a cosine',
  config: options,
  create: ({ sharpness }) => ({
    frequencies: geometry => frequencies(geometry, sharpness),
    // transformers has no type of that name, but `longrope` takes any list of factors θ / θ'
    toHuggingFace(geometry) {
      const { base, rotaryDim, originalLength, targetLength } = geometry
      const factors = Array.from(
        frequencies(geometry, sharpness).inverseFrequencies,
        (frequency, i) => base ** ((-2 * i) / rotaryDim) / frequency
      )
      const keys = {
        rope_type: 'longrope',
        factor: targetLength / originalLength,
        original_max_position_embeddings: originalLength,
        short_factor: factors,
        long_factor: factors,
        attention_factor: 1
      }
      return {
        rope_parameters: { ...keys, rope_theta: base },
        rope_scaling: { ...keys, type: 'longrope' },
        rope_theta: base,
        max_position_embeddings: targetLength
      }
    }
  })
})
