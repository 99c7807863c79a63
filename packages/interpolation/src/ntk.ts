import { definePlugin, type RopeGeometry } from '@skipwise/core'
import { z } from 'zod'
import { factorOf, geometryError, ropeFrequencies } from './geometry.js'
import { huggingFaceRope } from './hugging-face.js'

/** b' = b · s^(R/(R−2)): leaves θ_0 alone and divides the last frequency by exactly s. */
function scaledBase(geometry: RopeGeometry): number {
  const factor = factorOf(geometry), { base, rotaryDim } = geometry
  if (rotaryDim < 4) throw geometryError(`ntk has the exponent R/(R−2) and rotaryDim is ${rotaryDim}`, 'use linear, or a rotaryDim of at least 4')
  return base * factor ** (rotaryDim / (rotaryDim - 2))
}

/**
 * Static NTK-aware scaling: θ'_i = b'^(−2i/R) with b' = b · s^(R/(R−2)) (bloc97 2023; PoSE §4.1 `vanilla_ntk`). transformers has
 * no such type, but it *is* the default RoPE with another base, so it is written as `rope_theta` = b' and reads back as `none`.
 */
export const ntk = definePlugin({
  kind: 'interpolation',
  name: 'ntk',
  summary: 'a larger base, b · s^(R/(R−2)) (static NTK-aware)',
  config: z.strictObject({}),
  create: () => ({
    frequencies: geometry => ({ inverseFrequencies: ropeFrequencies(scaledBase(geometry), geometry.rotaryDim), attentionFactor: 1, softmaxScale: 1 }),
    toHuggingFace: geometry => huggingFaceRope({ ...geometry, base: scaledBase(geometry) }, 'default', {})
  })
})
