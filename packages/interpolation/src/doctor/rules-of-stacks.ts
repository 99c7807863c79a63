import { isSkipwiseError } from '@skipwise/core'
import type { Conversion, RopeSource, Stack } from '../convert/conversion.js'
import { toAxolotl } from '../convert/to-axolotl.js'
import { llamaCppArchitecture, toLlamaCpp } from '../convert/to-llama-cpp.js'
import { toVllm } from '../convert/to-vllm.js'
import { valueOf } from '../json-keys.js'
import { yarnScale } from '../yarn-ramp.js'
import { resolveOwn } from './resolve-own.js'
import type { RopeCase, Rule } from './rule.js'

/** Types that transformers has a function for. */
const ofTransformers = ['default', 'linear', 'dynamic', 'yarn', 'longrope', 'llama3', 'proportional']

/** Traps of one stack. */
export const rulesOfStacks: readonly Rule[] = [
  {
    id: 'type-of-another-stack',
    stacks: ['transformers', 'axolotl'],
    check: ({ type, config }) =>
      ofTransformers.includes(type) || (type === 'su' && config['model_type'] === 'phi3') ? undefined : {
        problem: `transformers has no rope_type '${type}'`,
        why: 'loading the model fails with a KeyError',
        fix: type === 'su' ? "call it 'longrope', its later name" : 'write it as a type that there is: `skipwise convert --to transformers`'
      }
  },
  {
    id: 'vllm-static-dynamic',
    stacks: ['vllm'],
    check: ({ type, factor }) =>
      type === 'dynamic' && factor > 1 ? {
        problem: "vLLM's dynamic is not dynamic",
        why: 'it computes one table per model, in most versions for the longest length, so that short prompts run with the frequencies of long ones (issues 3488, 5093); some versions do not scale at all',
        fix: 'serve with transformers, or train with a scheme that does not depend on the length and convert that'
      } : undefined
  },
  {
    id: 'vllm-window',
    stacks: ['vllm'],
    check: ({ type, factor, window }) =>
      type === 'linear' && factor > 1 ? {
        level: 'note',
        problem: `vLLM multiplies max_position_embeddings by the factor: it accepts up to ${Math.round(window * factor)} tokens`,
        why: 'max_position_embeddings of a linear model is the extended window already; past it the model has never been trained',
        fix: `pass --max-model-len ${window}`
      } : undefined
  },
  {
    id: 'vllm-attention-factor',
    stacks: ['vllm'],
    check: ({ reading, rope, frequencies, original, window }) => {
      const { attentionFactor } = frequencies, ratio = window / (original ?? window)
      const derived = ratio > 1 ? Math.sqrt(1 + Math.log(ratio) / Math.log(original ?? window)) : 1
      const is = (key: string) => Math.abs(((rope[key] as number | undefined) ?? derived) - attentionFactor) <= 1e-6 * attentionFactor
      return reading.name === 'longrope' && !(is('short_mscale') && is('long_mscale')) ? {
        problem: `the attention factor is ${attentionFactor}, vLLM takes ${JSON.stringify(rope['long_mscale'] ?? derived)}`,
        why: 'for longrope vLLM does not read attention_factor and factor: it derives the factor from the two windows, or takes short_mscale and long_mscale',
        fix: 'add both with `skipwise convert --to vllm`; transformers ignores them'
      } : undefined
    }
  },
  {
    id: 'llama-cpp-attention-factor',
    stacks: ['llama.cpp'],
    check: ({ type, rope, frequencies, factor }) =>
      type === 'yarn' && (valueOf(rope, 'attention_factor') !== undefined || (Boolean(rope['mscale']) && Boolean(rope['mscale_all_dim']))) ? {
        problem: `the attention factor ${frequencies.attentionFactor} is set in the file`,
        why: 'llama.cpp multiplies what it is given by its own 0.1 ln s + 1: passed on unchanged it counts twice',
        fix: `give it attn_factor ${frequencies.attentionFactor / yarnScale(factor)}: \`skipwise convert --to llama.cpp\` writes that`
      } : undefined
  },
  {
    id: 'llama-cpp-llama3-window',
    stacks: ['llama.cpp'],
    check: ({ type, config, factor, original, ...ropeCase }) =>
      type === 'llama3' && factor > 1 && takesFactors(config) && valueOf(config, 'original_max_position_embeddings') === undefined && (original ?? ropeCase.window) !== 8192 ? {
        problem: `llama.cpp's converter takes 8,192 for the original window, the rope keys say ${original ?? ropeCase.window}`,
        why: 'for llama3 it looks for original_max_position_embeddings at the top of config.json only (conversion/llama.py): the table of factors in the GGUF is another, and nothing fails',
        fix: 'write the key at the top too: `skipwise convert --to transformers` does'
      } : undefined
  },
  {
    id: 'llama-cpp-longrope-lists',
    stacks: ['llama.cpp'],
    check: ({ type, config }) =>
      (type === 'longrope' || type === 'su') && takesFactors(config) ? {
        problem: "llama.cpp's converter writes no factor lists for this architecture",
        why: 'it writes those of Phi-3 and MiniCPM; here the GGUF says longrope and has no table, so that nothing is scaled',
        fix: 'add the tensors that `skipwise convert --to llama.cpp` gives to the GGUF'
      } : undefined
  },
  inexpressible('vllm', toVllm),
  inexpressible('llama.cpp', toLlamaCpp),
  inexpressible('axolotl', toAxolotl)
]

const takesFactors = (config: Readonly<Record<string, unknown>>): boolean => llamaCppArchitecture(modelTypeOf(config)).takesFactors

const modelTypeOf = ({ model_type }: Readonly<Record<string, unknown>>): string | undefined => (typeof model_type === 'string' ? model_type : undefined)

/** Whatever converting to a stack refuses. */
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

function sourceOf({ reading, config, window }: RopeCase): RopeSource {
  const modelType = modelTypeOf(config)
  return { name: reading.name, interpolation: resolveOwn(reading), geometry: reading.geometry, window, ...(modelType === undefined ? {} : { modelType }) }
}
