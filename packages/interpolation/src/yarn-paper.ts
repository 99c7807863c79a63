import { definePlugin, type RopeFrequencies, type RopeGeometry } from '@skipwise/core'
import { z } from 'zod'
import { factorOf, ropeFrequencies } from './geometry.js'
import { rotationRamp } from './rotation-ramp.js'
import { tableAsLongrope } from './table-as-longrope.js'
import { yarnScale } from './yarn-ramp.js'

const config = z
  .strictObject({
    alpha: z
      .number()
      .positive()
      .default(1)
      .describe('α: rotations within the original window up to which a frequency is fully interpolated'),
    beta: z
      .number()
      .positive()
      .default(32)
      .describe('β: rotations within the original window from which a frequency stays as it is')
  })
  .refine(({ alpha, beta }) => beta > alpha, { error: 'beta must be above alpha', path: ['beta'] })

function frequencies(geometry: RopeGeometry, { alpha, beta }: z.output<typeof config>): RopeFrequencies {
  const factor = factorOf(geometry)
  const scale = rotationRamp(geometry.originalLength, factor, { low: alpha, high: beta })
  return {
    inverseFrequencies: ropeFrequencies(geometry.base, geometry.rotaryDim).map(scale),
    attentionFactor: yarnScale(factor),
    softmaxScale: 1
  }
}

/**
 * YaRN as in its paper: with r_i = L_c θ_i / 2π rotations, γ_i = clamp((r_i − α)/(β − α)), θ'_i = ((1 − γ_i)/s + γ_i)
 * θ_i (arXiv 2309.00071, eq. 17–20). The ramp runs over *rotations*; the authors' code, and with it every stack, has it
 * over indices ({@link yarn}), which gives frequencies that differ by up to 2.3× at s = 8. For stock transformers it is
 * written as `longrope` factors.
 */
export const yarnPaper = definePlugin({
  kind: 'interpolation',
  name: 'yarn-paper',
  summary: 'YaRN of the paper: the ramp is linear in rotations, not in the index',
  config,
  create: given => ({
    frequencies: geometry => frequencies(geometry, given),
    toHuggingFace: geometry => tableAsLongrope(geometry, frequencies(geometry, given))
  })
})
