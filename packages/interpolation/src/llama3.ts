import { definePlugin } from '@skipwise/core'
import { z } from 'zod'
import { factorOf, ropeFrequencies } from './geometry.js'
import { huggingFaceRope, integerOriginalLength } from './hugging-face.js'
import { numberAt, required } from './json-keys.js'
import { fromOriginalWindow, type HuggingFaceRopeType } from './rope-type.js'
import { rotationRamp } from './rotation-ramp.js'

const config = z
  .strictObject({
    lowFreqFactor: z
      .number()
      .positive()
      .default(1)
      .describe('wavelengths above original / lowFreqFactor are fully interpolated'),
    highFreqFactor: z
      .number()
      .positive()
      .default(4)
      .describe('wavelengths below original / highFreqFactor stay as they are')
  })
  .refine(({ lowFreqFactor, highFreqFactor }) => highFreqFactor > lowFreqFactor, {
    error: 'highFreqFactor must be above lowFreqFactor',
    path: ['highFreqFactor']
  })

/**
 * The scaling of LLaMA 3.1: with r = L_c / λ_i rotations, θ'_i = θ_i for r > high, θ_i / s for r < low, and a mean
 * linear in r between (Meta's LLaMA 3.1 reference code; transformers `llama3`). No attention factor.
 */
export const llama3 = definePlugin({
  kind: 'interpolation',
  name: 'llama3',
  summary: 'LLaMA 3.1: θ/s for long wavelengths, θ for short ones, linear in rotations between',
  config,
  create: ({ lowFreqFactor, highFreqFactor }) => ({
    frequencies: geometry => {
      const scale = rotationRamp(geometry.originalLength, factorOf(geometry), {
        low: lowFreqFactor,
        high: highFreqFactor
      })
      return {
        inverseFrequencies: ropeFrequencies(geometry.base, geometry.rotaryDim).map(scale),
        attentionFactor: 1,
        softmaxScale: 1
      }
    },
    toHuggingFace: geometry => {
      const original_max_position_embeddings = integerOriginalLength(geometry)
      const parameters = {
        factor: factorOf(geometry),
        original_max_position_embeddings,
        low_freq_factor: lowFreqFactor,
        high_freq_factor: highFreqFactor
      }
      // llama.cpp's converter reads it from the top of the file, else takes 8,192, whatever is next to the factor
      return { ...huggingFaceRope(geometry, 'llama3', parameters), original_max_position_embeddings }
    }
  })
})

/** `llama3`; transformers gives none of its keys a default. */
export const llama3FromHuggingFace: HuggingFaceRopeType = {
  plugin: llama3,
  types: ['llama3'],
  read: keys => {
    const { rope } = keys
    required(numberAt(rope, 'factor', 1), 'factor')
    return {
      config: {
        lowFreqFactor: required(numberAt(rope, 'low_freq_factor', 0), 'low_freq_factor'),
        highFreqFactor: required(numberAt(rope, 'high_freq_factor', 0), 'high_freq_factor')
      },
      ...fromOriginalWindow(keys)
    }
  }
}
