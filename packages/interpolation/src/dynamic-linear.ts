import { definePlugin } from '@skipwise/core'
import { z } from 'zod'
import { factorOf, ropeFrequencies } from './geometry.js'
import { lengthDependentError } from './table-as-longrope.js'

/**
 * Dynamic Position Interpolation: positions m · L_c / ℓ for sequences of ℓ > L_c tokens, so θ'_i = θ_i · L_c / ℓ, and
 * the original RoPE within L_c (YaRN repository, `LlamaDynamicScaledRotaryEmbedding` without `ntk`). Without
 * `geometry.length` ℓ = L_t. No `config.json` names it: the YaRN repository enables it by an option.
 */
export const dynamicLinear = definePlugin({
  kind: 'interpolation',
  name: 'dynamic-linear',
  summary: 'θ · L_c / ℓ for a sequence of ℓ > L_c tokens, else θ (dynamic Position Interpolation)',
  config: z.strictObject({}),
  create: () => ({
    frequencies: geometry => {
      factorOf(geometry)
      const { base, rotaryDim, originalLength, targetLength, length = targetLength } = geometry
      const scale = Math.max(1, length / originalLength)
      return {
        inverseFrequencies: ropeFrequencies(base, rotaryDim).map(theta => theta / scale),
        attentionFactor: 1,
        softmaxScale: 1
      }
    },
    toHuggingFace: geometry => {
      factorOf(geometry)
      throw lengthDependentError('dynamic-linear', 'use linear, which is the same at the target length')
    }
  })
})
