import { findLlamaCppArchitecture, type LlamaCppArchitecture } from '../convert/llama-cpp-architectures.js'
import { valueOf } from '../json-keys.js'
import { isPhi3 } from '../text-model.js'
import { yarnScale } from '../yarn-ramp.js'
import type { RopeCase, Rule } from './rule.js'

const architectureOf = ({ model }: RopeCase): LlamaCppArchitecture | undefined => findLlamaCppArchitecture(model)

const isLlama = (ropeCase: RopeCase): boolean => architectureOf(ropeCase)?.name === 'llama'

const near = (a: number, b: number) => Math.abs(a - b) <= 1e-6 * Math.max(Math.abs(a), Math.abs(b))

/**
 * The attention factor of yarn in llama.cpp, from a GGUF as its converter writes it (`llama-context.cpp` since pull
 * request 17945): it does not read `attention_factor`; `mscale_all_dim` reaches it for a few architectures only.
 */
function itsYarnAttention(ropeCase: RopeCase): number {
  const { rope, factor } = ropeCase
  const name = architectureOf(ropeCase)?.name ?? ''
  const allDimensions = valueOf(rope, 'mscale_all_dim')
  if (typeof allDimensions !== 'number' || allDimensions === 0) return yarnScale(factor)
  // it reads mscale as mscale_all_dim in DeepSeek, and as 1 in the Mistrals
  if (name === 'deepseek2') return 1
  return name === 'mistral3' || name === 'mistral4'
    ? yarnScale(factor) / yarnScale(factor, allDimensions)
    : yarnScale(factor)
}

/** Traps of llama.cpp: in its converter and in its computation. */
export const rulesOfLlamaCpp: readonly Rule[] = [
  {
    id: 'llama-cpp-attention-factor',
    stacks: ['llama.cpp'],
    check: ropeCase => {
      const {
        type,
        model,
        frequencies: { attentionFactor }
      } = ropeCase
      if (type !== 'yarn' || isPhi3(model.name)) return undefined
      const its = itsYarnAttention(ropeCase)
      return near(its, attentionFactor)
        ? undefined
        : {
            problem: `the attention factor is ${attentionFactor}, llama.cpp takes ${its}`,
            why: 'since its pull request 17945 it derives the factor from the scaling and reads neither attention_factor nor mscale of the file',
            fix: `give it attn_factor ${attentionFactor / its}, by which it multiplies its own: \`skipwise convert --to llama.cpp\` writes that`
          }
    }
  },
  {
    id: 'llama-cpp-llama3-window',
    stacks: ['llama.cpp'],
    check: ropeCase => {
      const { type, config, factor, original = ropeCase.window } = ropeCase
      return type === 'llama3' &&
        factor > 1 &&
        architectureOf(ropeCase)?.factors === 'one' &&
        valueOf(config, 'original_max_position_embeddings') === undefined &&
        original !== 8192
        ? {
            problem: `llama.cpp's converter takes 8,192 for the original window, the rope keys say ${original}`,
            why: 'for llama3 it looks for original_max_position_embeddings at the top of config.json only (conversion/llama.py): the table of factors in the GGUF differs, and no error shows it',
            fix: 'write the key at the top too: `skipwise convert --to transformers` does'
          }
        : undefined
    }
  },
  {
    id: 'llama-cpp-longrope-lists',
    stacks: ['llama.cpp'],
    check: ropeCase =>
      ['longrope', 'su'].includes(ropeCase.type) && isLlama(ropeCase)
        ? {
            problem: "llama.cpp's converter writes no factor lists for this architecture",
            why: 'it writes those of Phi-3 and MiniCPM; here the GGUF says longrope and has no table, so that nothing is scaled',
            fix: 'add the tensors that `skipwise convert --to llama.cpp` gives to the GGUF'
          }
        : undefined
  },
  {
    id: 'llama-cpp-phi3-attention',
    stacks: ['llama.cpp'],
    check: ({ type, model, window, geometry: { originalLength }, frequencies: { attentionFactor } }) => {
      if (!isPhi3(model.name) || !['longrope', 'su'].includes(type) || !(originalLength > 1)) return undefined
      const ratio = window / originalLength
      const its = ratio > 1 ? Math.sqrt(1 + Math.log(ratio) / Math.log(originalLength)) : 1
      return near(its, attentionFactor)
        ? undefined
        : {
            problem: `the attention factor is ${attentionFactor}, llama.cpp's converter takes ${its}`,
            why: 'for Phi-3 it derives the factor from max_position_embeddings and the original window, and reads neither attention_factor nor factor',
            fix: 'set the attn_factor that `skipwise convert --to llama.cpp` writes'
          }
    }
  }
]
