import { yarn } from '../yarn.js'
import { yarnRevised } from '../yarn-revised.js'
import type { RopeCase, Rule } from './rule.js'

/** The largest ratio between the two YaRNs at a geometry. */
function largestRatio({ geometry }: RopeCase): string {
  const code = yarn().frequencies(geometry).inverseFrequencies
  const revised = yarnRevised().frequencies(geometry).inverseFrequencies
  return Math.max(...code.map((frequency, i) => frequency / revised[i])).toPrecision(3)
}

/** Traps of models that were extended by PoSE. */
export const rulesOfPose: readonly Rule[] = [
  {
    id: 'revised-yarn',
    check: ropeCase => {
      const { type, factor, config, facts } = ropeCase
      const path = config['_name_or_path']
      const name = `${facts.modelName ?? ''} ${typeof path === 'string' ? path : ''}`
      const affected = ['llama', 'baichuan', undefined].includes(config['model_type'] as string | undefined)
      if (
        type !== 'yarn' ||
        factor === 1 ||
        !affected ||
        (facts.trainedWith !== undefined && facts.trainedWith !== 'yarn-revised')
      )
        return undefined
      const known = facts.trainedWith === 'yarn-revised' || /pose.*yarn|yarn.*pose|\bcream\b/i.test(name)
      return {
        level: known ? 'wrong' : 'note',
        problem: known
          ? 'the weights were trained with the revised YaRN of the PoSE repository, the type yarn is another formula'
          : 'two formulas are called yarn; this file means the one of transformers',
        why: `the code of PoSE for LLaMA and Baichuan (and CREAM) blends wavelengths, transformers, vLLM and llama.cpp blend frequencies: up to ${largestRatio(ropeCase)}× apart here, and no error shows it`,
        fix: `${known ? '' : 'if the weights come from there: '}\`skipwise convert --scheme yarn-revised --to transformers\` writes the trained frequencies as longrope factors`
      }
    }
  },
  {
    id: 'position-jumps',
    stacks: ['transformers', 'axolotl'],
    check: ({ factor }) =>
      factor > 1
        ? {
            level: 'note',
            problem:
              'when training or measuring with skipping position ids: transformers since July 2025 (PR 39194) takes a jump in position_ids for the start of a packed document',
            why: 'without an attention mask and a cache it hides the earlier chunks from the later ones: nothing is learned about long distances, and the loss looks fine',
            fix: 'pass an attention_mask of ones, [B, T], together with position_ids; at inference, with positions 0 … n − 1, nothing is wrong'
          }
        : undefined
  },
  {
    id: 'axolotl-use-pose',
    stacks: ['axolotl'],
    check: ({ factor }) =>
      factor > 1
        ? {
            level: 'note',
            problem: 'use_pose of axolotl since 0.5.0 is ignored without sample_packing and fails with it',
            why: 'it runs only in the packing branch, and leaves a column there that the collator cannot concatenate',
            fix: 'make position_ids beforehand, for instance with @skipwise/position-transforms'
          }
        : undefined
  }
]
