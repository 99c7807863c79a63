import { definePlugin } from '@skipwise/core'
import { z } from 'zod'
import { factorOf, ropeFrequencies } from './geometry.js'
import { huggingFaceRope } from './hugging-face.js'
import type { HuggingFaceRopeType } from './rope-type.js'

/**
 * No interpolation: θ_i = b^(−2i/R) whatever the target (RoFormer, Su et al. 2021). The baseline, and transformers'
 * `default`.
 */
export const none = definePlugin({
  kind: 'interpolation',
  name: 'none',
  summary: 'θ unchanged: the original RoPE, extrapolating',
  config: z.strictObject({}),
  create: () => ({
    frequencies: geometry => {
      factorOf(geometry)
      return {
        inverseFrequencies: ropeFrequencies(geometry.base, geometry.rotaryDim),
        attentionFactor: 1,
        softmaxScale: 1
      }
    },
    toHuggingFace: geometry => {
      factorOf(geometry)
      return huggingFaceRope(geometry, 'default', {})
    }
  })
})

/** `default`, also the meaning of a file without a type. */
export const noneFromHuggingFace: HuggingFaceRopeType = {
  plugin: none,
  types: ['default'],
  read: ({ maxLength }) => ({ config: {}, originalLength: maxLength, factor: 1 })
}
