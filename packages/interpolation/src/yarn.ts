import { definePlugin, type RopeFrequencies, type RopeGeometry, withoutUndefined } from '@skipwise/core'
import { z } from 'zod'
import { factorOf, ropeFrequencies } from './geometry.js'
import { huggingFaceRope, integerOriginalLength } from './hugging-face.js'
import { numberAt, valueOf } from './json-keys.js'
import { fromOriginalWindow, type HuggingFaceRopeType } from './rope-type.js'
import { tableAsLongrope } from './table-as-longrope.js'
import { yarnRamp, yarnScale } from './yarn-ramp.js'

const config = z
  .strictObject({
    truncate: z
      .boolean()
      .default(true)
      .describe('round the ends of the ramp outwards to whole indices; gpt-oss does not'),
    betaFast: z
      .number()
      .positive()
      .default(32)
      .describe('rotations within the original window from which a frequency stays as it is'),
    betaSlow: z
      .number()
      .positive()
      .default(1)
      .describe('rotations within the original window up to which a frequency is fully interpolated'),
    clamp: z
      .enum(['dimensions', 'frequencies'])
      .default('dimensions')
      .describe('last index of the ramp: R − 1, or R/2 − 1 as in litgpt and minimind'),
    attentionFactor: z.number().positive().optional().describe('A, instead of 0.1 ln s + 1'),
    mscale: z
      .number()
      .nonnegative()
      .optional()
      .describe('with mscaleAllDim: A = g(s, mscale) / g(s, mscaleAllDim), g(s, k) = 0.1 k ln s + 1'),
    mscaleAllDim: z
      .number()
      .nonnegative()
      .optional()
      .describe('see mscale; 0 in either counts as not given, as in transformers')
  })
  .refine(({ betaFast, betaSlow }) => betaFast >= betaSlow, {
    error: 'betaFast must be at least betaSlow',
    path: ['betaFast']
  })

function frequencies(geometry: RopeGeometry, given: z.output<typeof config>): RopeFrequencies {
  const factor = factorOf(geometry)
  const kept = yarnRamp(geometry, given)
  const { attentionFactor, mscale, mscaleAllDim } = given
  return {
    inverseFrequencies: ropeFrequencies(geometry.base, geometry.rotaryDim).map(
      (theta, i) => ((1 - kept[i]) / factor + kept[i]) * theta
    ),
    attentionFactor:
      attentionFactor ??
      (mscale && mscaleAllDim ? yarnScale(factor, mscale) / yarnScale(factor, mscaleAllDim) : yarnScale(factor)),
    softmaxScale: 1
  }
}

/**
 * YaRN as transformers, vLLM and llama.cpp compute it: θ'_i = ((1 − m_i)/s + m_i) · θ_i, an *arithmetic* mean with a
 * ramp over the index. The released PoSE LLaMA models have other frequencies: {@link yarnRevised}.
 */
export const yarn = definePlugin({
  kind: 'interpolation',
  name: 'yarn',
  summary: 'YaRN as in transformers: arithmetic mean of θ/s and θ along a ramp, attention factor 0.1 ln s + 1',
  config,
  create: given => ({
    frequencies: geometry => frequencies(geometry, given),
    toHuggingFace: geometry => {
      const { truncate, betaFast, betaSlow, clamp, attentionFactor, mscale, mscaleAllDim } = given
      if (clamp === 'frequencies') return tableAsLongrope(geometry, frequencies(geometry, given))
      return huggingFaceRope(
        geometry,
        'yarn',
        withoutUndefined({
          factor: factorOf(geometry),
          original_max_position_embeddings: integerOriginalLength(geometry),
          beta_fast: betaFast,
          beta_slow: betaSlow,
          // transformers reads a missing key as true, and versions without this key warn about it
          truncate: truncate ? undefined : truncate,
          attention_factor: attentionFactor,
          mscale,
          mscale_all_dim: mscaleAllDim
        })
      )
    }
  })
})

/** `yarn`; values that transformers treats as missing (null, and 0 for the rotations) are missing here too. */
export const yarnFromHuggingFace: HuggingFaceRopeType = {
  plugin: yarn,
  types: ['yarn'],
  read: keys => {
    const { rope } = keys
    return {
      config: {
        truncate: valueOf(rope, 'truncate'),
        // transformers: `rope_parameters.get('beta_fast') or 32`
        betaFast: numberAt(rope, 'beta_fast', 0) || undefined,
        betaSlow: numberAt(rope, 'beta_slow', 0) || undefined,
        attentionFactor: valueOf(rope, 'attention_factor'),
        mscale: valueOf(rope, 'mscale'),
        mscaleAllDim: valueOf(rope, 'mscale_all_dim')
      },
      ...fromOriginalWindow(keys)
    }
  }
}
