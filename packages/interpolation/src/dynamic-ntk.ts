import { definePlugin } from '@skipwise/core'
import { z } from 'zod'
import { factorOf, ropeFrequencies } from './geometry.js'
import { huggingFaceRope, integerOriginalLength } from './hugging-face.js'
import { numberAt, required } from './json-keys.js'
import { ntkBase } from './ntk-base.js'
import type { HuggingFaceRopeType } from './rope-type.js'

/** s·ℓ/L_c − (s − 1): 1 at ℓ = L_c, s² − s + 1 at ℓ = s·L_c. */
export const dynamicNtkScale = (factor: number, length: number, originalLength: number): number =>
  factor * (Math.max(length, originalLength) / originalLength) - (factor - 1)

/**
 * Dynamic NTK: b' = b · (s·ℓ/L_c − (s − 1))^(R/(R−2)) with ℓ the length of the sequence, at least L_c (transformers
 * `dynamic`; emozilla 2023). The frequencies change with each length; without `geometry.length` ℓ = L_t. transformers
 * reads `max_position_embeddings` as L_c, so L_c is written there: with the extended length the scaling would never
 * start.
 */
export const dynamicNtk = definePlugin({
  kind: 'interpolation',
  name: 'dynamic-ntk',
  summary: 'a base that grows with the length of the sequence (transformers `dynamic`)',
  config: z.strictObject({}),
  create: () => ({
    frequencies: geometry => {
      const factor = factorOf(geometry)
      const { rotaryDim, originalLength, targetLength, length = targetLength } = geometry
      return {
        inverseFrequencies: ropeFrequencies(
          ntkBase(geometry, dynamicNtkScale(factor, length, originalLength)),
          rotaryDim
        ),
        attentionFactor: 1,
        softmaxScale: 1
      }
    },
    toHuggingFace: geometry =>
      huggingFaceRope({ ...geometry, targetLength: integerOriginalLength(geometry) }, 'dynamic', {
        factor: factorOf(geometry)
      })
  })
})

/** `dynamic`, as transformers reads it. */
export const dynamicNtkFromHuggingFace: HuggingFaceRopeType = {
  plugin: dynamicNtk,
  types: ['dynamic'],
  read: ({ rope, maxLength }) => ({
    config: {},
    originalLength: maxLength,
    factor: required(numberAt(rope, 'factor', 1), 'factor')
  })
}
