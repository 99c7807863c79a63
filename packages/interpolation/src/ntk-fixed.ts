import { definePlugin, type RopeFrequencies, type RopeGeometry } from '@skipwise/core'
import { z } from 'zod'
import { factorOf, ropeFrequencies } from './geometry.js'
import { numberAt, required } from './json-keys.js'
import type { HuggingFaceRopeType } from './rope-type.js'
import { tableAsLongrope } from './table-as-longrope.js'

function frequencies(geometry: RopeGeometry, mixedB: number | undefined): RopeFrequencies {
  const factor = factorOf(geometry)
  const half = geometry.rotaryDim / 2
  // without mixedB the exponent is 1: ln s · (i + 1) / (R/2)
  const logarithm = (i: number) => Math.log(factor) * ((i + 1) / half) ** (mixedB ?? 1)
  return {
    inverseFrequencies: ropeFrequencies(geometry.base, geometry.rotaryDim).map(
      (theta, i) => theta * Math.exp(-logarithm(i))
    ),
    attentionFactor: 1,
    softmaxScale: 1
  }
}

/**
 * "NTK fixed" (Su Jianlin, kexue.fm 9706; vLLM `ntk`): θ'_i = (b·s)^(−2i/R) · s^(−2/R) = θ_i · s^(−2(i+1)/R), so that
 * θ_0 is scaled too and the last frequency by exactly s. With `mixedB` = B: θ'_i = θ_i · exp(−a (i+1)^B), a = ln s /
 * (R/2)^B; B = 1 is the same as no B. The formula differs from {@link ntk} in spite of the similar name. For stock
 * transformers it is written as `longrope` factors.
 */
export const ntkFixed = definePlugin({
  kind: 'interpolation',
  name: 'ntk-fixed',
  summary: 'θ_i · s^(−2(i+1)/R), or with mixedB a curve in the index (vLLM `ntk`)',
  config: z.strictObject({
    mixedB: z
      .number()
      .positive()
      .optional()
      .describe('B: exponent of the index; below 1 slow frequencies share more of the scaling')
  }),
  create: ({ mixedB }) => ({
    frequencies: geometry => frequencies(geometry, mixedB),
    toHuggingFace: geometry => tableAsLongrope(geometry, frequencies(geometry, mixedB))
  })
})

/** `ntk`, which vLLM reads: `max_position_embeddings` is the original window there. */
export const ntkFixedFromHuggingFace: HuggingFaceRopeType = {
  plugin: ntkFixed,
  types: ['ntk'],
  read: ({ rope, maxLength }) => ({
    config: { mixedB: numberAt(rope, 'mixed_b', 0) || undefined },
    originalLength: maxLength,
    factor: required(numberAt(rope, 'factor', 1), 'factor')
  })
}
