import { definePlugin } from '@skipwise/core'
import { z } from 'zod'
import { factorOf, ropeFrequencies } from './geometry.js'
import { huggingFaceRope } from './hugging-face.js'
import { ntkBase } from './ntk-base.js'
import { fromExtendedWindow, type HuggingFaceRopeType } from './rope-type.js'

/**
 * Static NTK-aware scaling: θ'_i = b'^(−2i/R) with b' = b · s^(R/(R−2)) (bloc97 2023; PoSE §4.1 `vanilla_ntk`).
 * transformers has no such type, but it *is* the default RoPE with another base, so it is written as `rope_theta` = b'
 * and reads back as `none`.
 */
export const ntk = definePlugin({
  kind: 'interpolation',
  name: 'ntk',
  summary: 'a larger base, b · s^(R/(R−2)) (static NTK-aware)',
  config: z.strictObject({}),
  create: () => ({
    frequencies: geometry => ({
      inverseFrequencies: ropeFrequencies(ntkBase(geometry, factorOf(geometry)), geometry.rotaryDim),
      attentionFactor: 1,
      softmaxScale: 1
    }),
    toHuggingFace: geometry =>
      huggingFaceRope({ ...geometry, base: ntkBase(geometry, factorOf(geometry)) }, 'default', {})
  })
})

/** `vanilla_ntk`, which only the PoSE repository writes and reads. */
export const ntkFromHuggingFace: HuggingFaceRopeType = {
  plugin: ntk,
  types: ['vanilla_ntk'],
  read: keys => ({ config: {}, ...fromExtendedWindow(keys) })
}
