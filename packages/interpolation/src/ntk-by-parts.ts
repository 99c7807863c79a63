import { definePlugin, type RopeFrequencies, type RopeGeometry } from '@skipwise/core'
import { z } from 'zod'
import { factorOf, ropeFrequencies } from './geometry.js'
import { ntkBase } from './ntk-base.js'
import { tableAsLongrope } from './table-as-longrope.js'
import { yarnRamp } from './yarn-ramp.js'

const share = z.number().min(0).max(1).default(1)

const config = z.strictObject({
  ntkFactor: share.describe('how much of NTK-aware scaling the middle keeps; 0 is linear there'),
  extrapolationFactor: share.describe('how much of the original RoPE the fast frequencies keep; 0 is none')
})

/** Bounds in rotations of the two ramps, "found experimentally for LLaMA" there. */
const FROM_NTK_TO_LINEAR = { betaFast: 1.25, betaSlow: 0.75, truncate: true, clamp: 'dimensions' } as const
const FROM_ORIGINAL = { betaFast: 16, betaSlow: 2, truncate: true, clamp: 'dimensions' } as const

function frequencies(
  geometry: RopeGeometry,
  { ntkFactor, extrapolationFactor }: z.output<typeof config>
): RopeFrequencies {
  const factor = factorOf(geometry)
  const { base, rotaryDim } = geometry
  const scaled = ropeFrequencies(ntkBase(geometry, factor), rotaryDim)
  const toLinear = yarnRamp(geometry, FROM_NTK_TO_LINEAR)
  const toScaled = yarnRamp(geometry, FROM_ORIGINAL)
  const blend = (theta: number, i: number) => {
    const ntk = toLinear[i] * ntkFactor
    const original = toScaled[i] * extrapolationFactor
    return ((theta / factor) * (1 - ntk) + scaled[i] * ntk) * (1 - original) + theta * original
  }
  return { inverseFrequencies: ropeFrequencies(base, rotaryDim).map(blend), attentionFactor: 1, softmaxScale: 1 }
}

/**
 * NTK-by-parts, the forerunner of YaRN (bloc97 2023; YaRN repository, `LlamaPartNTKScaledRotaryEmbedding`): the
 * original RoPE for fast frequencies, NTK-aware scaling between, linear for the slowest, joined by two ramps whose
 * bounds are not YaRN's. No `config.json` names it; for stock transformers it is written as `longrope` factors.
 */
export const ntkByParts = definePlugin({
  kind: 'interpolation',
  name: 'ntk-by-parts',
  summary: 'θ, then NTK-aware, then θ/s, joined by two ramps (the forerunner of YaRN)',
  config,
  create: given => ({
    frequencies: geometry => frequencies(geometry, given),
    toHuggingFace: geometry => tableAsLongrope(geometry, frequencies(geometry, given))
  })
})
