import { definePlugin } from '@skipwise/core'
import { z } from 'zod'
import { factorOf, ropeFrequencies } from './geometry.js'
import { huggingFaceRope } from './hugging-face.js'
import { numberAt } from './json-keys.js'
import type { HuggingFaceRopeType } from './rope-type.js'

/**
 * p-RoPE (Barbero et al., arXiv 2410.06205; transformers 5 `proportional`, Gemma 4): the ⌊p·R/2⌋ fastest pairs rotate
 * with θ_i = b^(−2i/R) / s, the others not at all (frequency 0). R is the whole head here: unlike partial rotary, the
 * exponent runs over all of it.
 */
export const proportional = definePlugin({
  kind: 'interpolation',
  name: 'proportional',
  summary: 'p-RoPE: the share p of fastest pairs at θ / s, the rest not rotated (transformers `proportional`)',
  config: z.strictObject({
    partialRotaryFactor: z.number().min(0).max(1).default(1).describe('p: share of the pairs that are rotated')
  }),
  create: ({ partialRotaryFactor }) => ({
    frequencies: geometry => {
      const factor = factorOf(geometry)
      const { base, rotaryDim } = geometry
      const turning = Math.floor((partialRotaryFactor * rotaryDim) / 2)
      return {
        inverseFrequencies: ropeFrequencies(base, rotaryDim).map((theta, i) => (i < turning ? theta / factor : 0)),
        attentionFactor: 1,
        softmaxScale: 1
      }
    },
    toHuggingFace: geometry =>
      huggingFaceRope(geometry, 'proportional', {
        factor: factorOf(geometry),
        partial_rotary_factor: partialRotaryFactor
      })
  })
})

/** `proportional`; transformers reads a missing factor as 1. */
export const proportionalFromHuggingFace: HuggingFaceRopeType = {
  plugin: proportional,
  types: ['proportional'],
  wholeHead: true,
  read: ({ rope, partialRotaryFactor, maxLength }) => {
    const factor = numberAt(rope, 'factor', 1) ?? 1
    return { config: { partialRotaryFactor }, originalLength: maxLength / factor, factor }
  }
}
