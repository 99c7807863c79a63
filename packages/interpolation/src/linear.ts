import { definePlugin } from '@skipwise/core'
import { z } from 'zod'
import { factorOf, ropeFrequencies } from './geometry.js'
import { huggingFaceRope } from './hugging-face.js'
import { fromExtendedWindow, type HuggingFaceRopeType } from './rope-type.js'

/** Position Interpolation: θ'_i = θ_i / s, the same as positions m / s (Chen et al., arXiv 2306.15595, eq. 4). */
export const linear = definePlugin({
  kind: 'interpolation',
  name: 'linear',
  summary: 'θ / s (Position Interpolation)',
  config: z.strictObject({}),
  create: () => ({
    frequencies: geometry => {
      const factor = factorOf(geometry)
      return {
        inverseFrequencies: ropeFrequencies(geometry.base, geometry.rotaryDim).map(theta => theta / factor),
        attentionFactor: 1,
        softmaxScale: 1
      }
    },
    toHuggingFace: geometry => {
      const keys = huggingFaceRope(geometry, 'linear', { factor: factorOf(geometry) })
      const { originalLength } = geometry
      // the type has no key for L_c, and max_position_embeddings means L_c in some files and L_t in others: this key at
      // the top decides, and no stack minds it
      return Number.isInteger(originalLength) ? { ...keys, original_max_position_embeddings: originalLength } : keys
    }
  })
})

/** `linear` has no key for L_c; its frequencies depend on s alone. */
export const linearFromHuggingFace: HuggingFaceRopeType = {
  plugin: linear,
  types: ['linear'],
  read: keys => ({ config: {}, ...fromExtendedWindow(keys) })
}
