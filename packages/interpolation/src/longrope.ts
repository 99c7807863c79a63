import { definePlugin, SkipwiseError, type RopeGeometry } from '@skipwise/core'
import { z } from 'zod'
import { factorOf, geometryError, ropeFrequencies } from './geometry.js'
import { huggingFaceRope, integerOriginalLength } from './hugging-face.js'
import { numberAt, numbersAt } from './json-keys.js'
import { fromOriginalWindow, type HuggingFaceRopeType } from './rope-type.js'
import { yarnScale } from './yarn-ramp.js'

const factors = z.array(z.number().positive()).min(1)

const config = z.strictObject({
  shortFactor: factors.describe('λ̂_i for sequences of at most the original window, one per frequency'),
  longFactor: factors.describe('λ̂_i for longer sequences, one per frequency'),
  attentionFactor: z
    .union([z.number().positive(), z.enum(['su', 'yarn'])])
    .optional()
    .describe('A: a number, or the rule for it: su is √(1 + ln s / ln L_c), as without, yarn is 0.1 ln s + 1')
})

type LongropeConfig = z.output<typeof config>

/** @throws SkipwiseError `INTERPOLATION_FACTORS` */
function checkLists({ shortFactor, longFactor }: LongropeConfig, { rotaryDim }: RopeGeometry): void {
  for (const [name, list] of Object.entries({ shortFactor, longFactor })) {
    if (list.length === rotaryDim / 2) continue
    throw new SkipwiseError('INTERPOLATION_FACTORS', {
      problem: `${name} has ${list.length} entries for ${rotaryDim / 2} frequencies`,
      fix: 'give one factor per frequency, rotaryDim / 2 of them'
    })
  }
}

/** A by a rule, or as given. */
function attentionFactorOf({ attentionFactor = 'su' }: LongropeConfig, factor: number, originalLength: number): number {
  if (attentionFactor === 'su') return longropeScale(factor, originalLength)
  return attentionFactor === 'yarn' ? yarnScale(factor) : attentionFactor
}

/** √(1 + ln s / ln L_c) for s > 1, else 1 (LongRoPE's code, policy `su`). */
function longropeScale(factor: number, originalLength: number): number {
  if (factor <= 1) return 1
  if (!(originalLength > 1))
    throw geometryError(
      `longrope divides by ln(originalLength) and it is ${originalLength}`,
      'give an originalLength above 1, or an attentionFactor'
    )
  return Math.sqrt(1 + Math.log(factor) / Math.log(originalLength))
}

/**
 * LongRoPE with given factors: θ'_i = θ_i / λ̂_i, where λ̂ is `shortFactor` for sequences up to L_c and `longFactor`
 * beyond (Ding et al., arXiv 2402.13753; transformers `longrope`). Without `geometry.length` the target length decides,
 * as in vLLM, for a model that serves L_t ≫ L_c. transformers decides for each sequence, so pass `length` to match it
 * on short ones.
 */
export const longrope = definePlugin({
  kind: 'interpolation',
  name: 'longrope',
  summary: 'a given factor per frequency, one list within the original window and one beyond (LongRoPE, Phi-3)',
  config,
  create: given => ({
    frequencies: geometry => {
      const factor = factorOf(geometry)
      const { base, rotaryDim, originalLength, targetLength, length = targetLength } = geometry
      checkLists(given, geometry)
      const list = length > originalLength ? given.longFactor : given.shortFactor
      return {
        inverseFrequencies: ropeFrequencies(base, rotaryDim).map((theta, i) => theta / list[i]),
        attentionFactor: attentionFactorOf(given, factor, originalLength),
        softmaxScale: 1
      }
    },
    toHuggingFace: geometry => {
      const factor = factorOf(geometry)
      checkLists(given, geometry)
      return huggingFaceRope(geometry, 'longrope', {
        factor,
        original_max_position_embeddings: integerOriginalLength(geometry),
        short_factor: given.shortFactor,
        long_factor: given.longFactor,
        // transformers uses the rule `su` for a missing one
        ...((given.attentionFactor ?? 'su') === 'su'
          ? {}
          : { attention_factor: attentionFactorOf(given, factor, geometry.originalLength) })
      })
    }
  })
})

/** `longrope`, and `su` as the first Phi-3 files call it. */
export const longropeFromHuggingFace: HuggingFaceRopeType = {
  plugin: longrope,
  types: ['longrope', 'su'],
  read: keys => {
    const { rope, rotaryDim } = keys
    return {
      config: {
        shortFactor: numbersAt(rope, 'short_factor', rotaryDim / 2),
        longFactor: numbersAt(rope, 'long_factor', rotaryDim / 2),
        attentionFactor: numberAt(rope, 'attention_factor', Number.MIN_VALUE)
      },
      ...fromOriginalWindow(keys)
    }
  }
}
