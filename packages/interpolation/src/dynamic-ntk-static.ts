import { definePlugin, type RopeGeometry } from '@skipwise/core'
import { z } from 'zod'
import { dynamicNtkScale } from './dynamic-ntk.js'
import { factorOf, ropeFrequencies } from './geometry.js'
import { huggingFaceRope } from './hugging-face.js'
import { ntkBase } from './ntk-base.js'

const scaledBase = (geometry: RopeGeometry) =>
  ntkBase(geometry, dynamicNtkScale(factorOf(geometry), geometry.targetLength, geometry.originalLength))

/**
 * What vLLM computes for `dynamic`: the base of {@link dynamicNtk} at ℓ = s·L_c for *every* sequence, one table per
 * model, b · (s² − s + 1)^(R/(R−2)) (vLLM issues 3488, 5093). Short sequences are scaled as if they were long. It is
 * the default RoPE with another base, and is written as such.
 */
export const dynamicNtkStatic = definePlugin({
  kind: 'interpolation',
  name: 'dynamic-ntk-static',
  summary: 'the base of dynamic-ntk at the target length for every sequence (vLLM `dynamic`)',
  config: z.strictObject({}),
  create: () => ({
    frequencies: geometry => ({
      inverseFrequencies: ropeFrequencies(scaledBase(geometry), geometry.rotaryDim),
      attentionFactor: 1,
      softmaxScale: 1
    }),
    toHuggingFace: geometry => huggingFaceRope({ ...geometry, base: scaledBase(geometry) }, 'default', {})
  })
})
