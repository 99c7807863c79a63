import { definePlugin, SkipwiseError, type RopeFrequencies } from '@skipwise/core'
import type { PositionalEncoding, PositionTables } from '@skipwise/nn'
import { rotaryInterleaved as rotate, tf } from '@skipwise/runtime'
import { z } from 'zod'

const config = z.strictObject({
  scaleBase: z
    .number()
    .positive()
    .default(512)
    .describe('positions over which the scale of a pair decreases by one power; far contexts need a larger one')
})

/** |ln s| up to which s, 1/s and their products with activations are float32 numbers. */
const LARGEST_EXPONENT = 80

/**
 * cos and sin of position · θ'_i times ζ_i^(position / scaleBase), ζ_i = (2i + 0.4 R) / 1.4 R: in float64, rounded
 * once.
 */
function xposTables(
  positionIds: Int32Array,
  { inverseFrequencies, attentionFactor }: RopeFrequencies,
  scaleBase: number
): PositionTables {
  const half = inverseFrequencies.length
  const cos = new Float32Array(positionIds.length * half)
  const sin = new Float32Array(cos.length)
  const decay = Float64Array.from({ length: half }, (_, i) => Math.log((i + 0.4 * half) / (1.4 * half)) / scaleBase)
  const farthest = positionIds.reduce((most, position) => Math.max(most, position), 0)
  if (attentionFactor !== 1 || -farthest * decay[0] > LARGEST_EXPONENT) {
    throw new SkipwiseError('ENCODING_XPOS', {
      problem:
        attentionFactor === 1
          ? `xpos: position ${farthest} is too far for scaleBase ${scaleBase}`
          : `xpos: the attention factor is ${attentionFactor}`,
      fix:
        attentionFactor === 1
          ? `use a scaleBase of at least ${Math.ceil((-farthest * decay[0] * scaleBase) / LARGEST_EXPONENT)}`
          : 'use a scheme without one, for instance linear or ntk'
    })
  }
  positionIds.forEach((position, t) => {
    for (let i = 0; i < half; i++) {
      const angle = position * inverseFrequencies[i]
      const scale = Math.exp(position * decay[i])
      cos[t * half + i] = Math.cos(angle) * scale
      sin[t * half + i] = Math.sin(angle) * scale
    }
  })
  return { cos, sin }
}

/**
 * Tables of s·cos and s·sin as those of cos / s and sin / s: t / |t|², computed through numbers near 1, since s² may be
 * outside float32.
 */
function inverted(cos: tf.Tensor3D, sin: tf.Tensor3D): [tf.Tensor3D, tf.Tensor3D] {
  const size = tf.add(tf.abs(cos), tf.abs(sin))
  const c = tf.div(cos, size)
  const s = tf.div(sin, size)
  const divisor = tf.mul(tf.add(tf.square(c), tf.square(s)), size)
  return [tf.div(c, divisor), tf.div(s, divisor)]
}

/**
 * xPos (Sun et al., ACL 2023; torchscale): interleaved RoPE whose queries shrink and whose keys grow with the position,
 * so that the score of a pair is multiplied by ζ_i^(distance / scaleBase) and depends only on the distance. Norms
 * change with the position.
 */
export const xpos = definePlugin({
  kind: 'positional-encoding',
  name: 'xpos',
  summary: 'xPos: interleaved RoPE whose scores decay with the distance',
  config,
  create: ({ scaleBase }): PositionalEncoding => ({
    tables: (positionIds, frequencies) => xposTables(positionIds, frequencies, scaleBase),
    apply: (x, cos, sin, role) => rotate(x, ...(role === 'query' ? ([cos, sin] as const) : inverted(cos, sin)))
  })
})
