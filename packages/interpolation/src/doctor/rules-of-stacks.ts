import { isSkipwiseError } from '@skipwise/core'
import type { Conversion, RopeSource, Stack } from '../convert/conversion.js'
import { toAxolotl } from '../convert/to-axolotl.js'
import { toLlamaCpp } from '../convert/to-llama-cpp.js'
import { toVllm } from '../convert/to-vllm.js'
import { shown } from '../json-keys.js'
import { isPhi3 } from '../text-model.js'
import { resolveOwn } from './resolve-own.js'
import type { RopeCase, Rule } from './rule.js'

/** Types that transformers has a function for. */
const ofTransformers = ['default', 'linear', 'dynamic', 'yarn', 'longrope', 'llama3', 'proportional']

/** Models that treat mrope as the default RoPE. */
const readMrope: readonly unknown[] = [
  'qwen2_vl',
  'qwen2_vl_text',
  'qwen2_5_vl',
  'qwen2_5_vl_text',
  'qwen2_5_omni_text'
]

/** Traps of one stack. */
export const rulesOfStacks: readonly Rule[] = [
  {
    id: 'type-of-another-stack',
    stacks: ['transformers', 'axolotl'],
    check: ({ type, model: { name } }) =>
      ofTransformers.includes(type) || (type === 'su' && isPhi3(name)) || (type === 'mrope' && readMrope.includes(name))
        ? undefined
        : {
            problem: `transformers has no rope_type ${shown(type)}`,
            why: 'loading the model fails with a KeyError',
            fix:
              type === 'su'
                ? "call it 'longrope', its later name"
                : 'write it as a type that there is: `skipwise convert --to transformers`'
          }
  },
  {
    id: 'vllm-static-dynamic',
    stacks: ['vllm'],
    check: ({ type, factor }) =>
      type === 'dynamic' && factor > 1
        ? {
            problem: "vLLM's dynamic is not dynamic",
            why: 'it computes one table per model, in most versions for the longest length, so that short prompts run with the frequencies of long ones (issues 3488, 5093); some versions do not scale at all',
            fix: 'serve with transformers, or train with a scheme that does not depend on the length and convert that'
          }
        : undefined
  },
  {
    id: 'vllm-window',
    stacks: ['vllm'],
    check: ({ type, factor, window, geometry }) => {
      const accepted = Math.round(window * factor)
      const means = Math.round(geometry.targetLength)
      return type === 'linear' && factor > 1 && accepted > means
        ? {
            level: 'note',
            problem: `vLLM multiplies max_position_embeddings by the factor: it accepts up to ${accepted} tokens`,
            why: 'max_position_embeddings of a linear model is the extended window already; past it the model has never been trained',
            fix: `pass --max-model-len ${means}`
          }
        : undefined
    }
  },
  {
    id: 'vllm-attention-factor',
    stacks: ['vllm'],
    check: ({ reading, rope, frequencies, original, window }) => {
      const { attentionFactor } = frequencies
      const ratio = window / (original ?? window)
      const derived = ratio > 1 ? Math.sqrt(1 + Math.log(ratio) / Math.log(original ?? window)) : 1
      const is = (key: string) =>
        Math.abs(((rope[key] as number | undefined) ?? derived) - attentionFactor) <= 1e-6 * attentionFactor
      return reading.name === 'longrope' && !(is('short_mscale') && is('long_mscale'))
        ? {
            problem: `the attention factor is ${attentionFactor}, vLLM takes ${JSON.stringify(rope['long_mscale'] ?? derived)}`,
            why: 'for longrope vLLM does not read attention_factor and factor: it derives the factor from the two windows, or takes short_mscale and long_mscale',
            fix: 'add both with `skipwise convert --to vllm`; transformers ignores them'
          }
        : undefined
    }
  },
  inexpressible('vllm', toVllm),
  inexpressible('llama.cpp', toLlamaCpp),
  inexpressible('axolotl', toAxolotl)
]

/** A finding for everything that conversion for a stack refuses. */
function inexpressible(stack: Stack, convert: (source: RopeSource) => Conversion): Rule {
  return {
    id: `${stack.replace('.', '-')}-inexpressible`,
    stacks: [stack],
    check: ropeCase => {
      if (stack === 'vllm' && ropeCase.type === 'dynamic') return undefined
      try {
        convert(sourceOf(ropeCase))
        return undefined
      } catch (error) {
        if (!isSkipwiseError(error)) throw error
        return { problem: error.problem, why: 'what the stack computes instead has other frequencies', fix: error.fix }
      }
    }
  }
}

function sourceOf({ reading, model, window, rope }: RopeCase): RopeSource {
  return { name: reading.name, interpolation: resolveOwn(reading), geometry: reading.geometry, window, model, rope }
}
