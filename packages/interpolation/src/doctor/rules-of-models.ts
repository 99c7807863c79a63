import { dividedWidth } from '../head.js'
import { objectAt, shown, valueOf } from '../json-keys.js'
import { isObject, isPhi3 } from '../text-model.js'
import type { Rule } from './rule.js'

const ORIGINAL = 'original_max_position_embeddings'

/** Traps of one type of model. */
export const rulesOfModels: readonly Rule[] = [
  {
    id: 'model-type-unknown',
    check: ({ model: { name, type }, layerType }) =>
      name !== undefined && type === undefined && layerType === undefined
        ? {
            level: 'note',
            problem: `the model type ${shown(name)} is not known here`,
            why: 'its keys are read as those of a LLaMA; a model whose own code has other keys or defaults rotates differently',
            fix: 'compare the rotary dimensions and the base above with the code of the model'
          }
        : undefined
  },
  {
    id: 'layer-types-missing',
    stacks: ['transformers', 'vllm', 'axolotl'],
    check: ({ config, layerType, model: { type } }) => {
      const layers = Object.entries(type?.layers ?? {})
      // reported once, with the first layer type
      if (layers.length === 0 || layers[0][0] !== layerType) return undefined
      const flat = (key: string) => {
        const form = objectAt(config, key) ?? {}
        return Object.keys(form).length > 0 && !Object.values(form).some(isObject)
      }
      const lost = flat('rope_parameters') ? 'rope_parameters' : undefined
      const unread = flat('rope_scaling') && !layers.some(([, { scaled }]) => scaled) ? 'rope_scaling' : undefined
      const key = lost ?? unread
      return key === undefined
        ? undefined
        : {
            problem: `${key} has no layer types, though the model has a RoPE for each of ${layers.map(([name]) => name).join(', ')}`,
            why: 'transformers 5 looks for the layer types inside: it fails to load the file, or loses the scaling without a warning',
            fix: `put the keys into "rope_parameters": {"${layers[0][0]}": {…}}${lost ? ', or call it rope_scaling and convert that' : ''}`
          }
    }
  },
  {
    id: 'layer-rope-type',
    stacks: ['transformers', 'vllm', 'axolotl'],
    check: ({ config, layerType, rope, model }) => {
      const scaled = layerType !== undefined && model.type?.layers?.[layerType]?.scaled
      const old = valueOf(rope, 'type')
      const own = objectAt(config, 'rope_scaling')
      return scaled &&
        old !== undefined &&
        old !== 'default' &&
        valueOf(rope, 'rope_type') === undefined &&
        own?.['type'] === old
        ? {
            problem: `rope_scaling has the type ${shown(old)} under the old name type`,
            why: `transformers looks for rope_type in the RoPEs of ${shown(model.name)}, and takes the default: the model runs unscaled, without a warning`,
            fix: `add "rope_type": ${shown(old)}`
          }
        : undefined
    }
  },
  {
    id: 'head-dim-missing',
    stacks: ['transformers', 'axolotl'],
    check: ({ config, type, model }) =>
      model.type?.headDimNone &&
      valueOf(config, 'head_dim') === undefined &&
      ['yarn', 'dynamic', 'longrope', 'su'].includes(type)
        ? {
            problem: `head_dim is missing, and ${shown(model.name)} has no default for it`,
            why: `transformers 5 computes ${type} from it: loading the model fails with a TypeError`,
            fix: `write "head_dim": ${dividedWidth(model)}: \`skipwise convert --to transformers\` does`
          }
        : undefined
  },
  {
    id: 'su-original',
    stacks: ['transformers', 'vllm', 'axolotl'],
    check: ({ type, rope, model: { name } }) =>
      type === 'su' && isPhi3(name) && valueOf(rope, ORIGINAL) === undefined
        ? {
            problem: `the type is su, and ${ORIGINAL} is not in the rope object`,
            why: 'transformers 5 renames su to longrope after it has looked for the key at the top: loading the model fails with a KeyError',
            fix: 'call it longrope: `skipwise convert --to transformers` writes a file that loads'
          }
        : undefined
  },
  {
    id: 'phi3-original',
    stacks: ['transformers', 'vllm', 'axolotl'],
    check: ({ type, config, rope, geometry, model: { name } }) => {
      const inside = valueOf(rope, ORIGINAL)
      const wrong =
        isPhi3(name) &&
        type !== 'default' &&
        valueOf(config, ORIGINAL) === undefined &&
        inside !== undefined &&
        inside !== geometry.originalLength
      return wrong
        ? {
            problem: `${ORIGINAL} is ${shown(inside)} in the rope object and missing at the top`,
            why: `transformers takes that at the top for ${shown(name)}, and without it ${geometry.originalLength}`,
            fix: `write "${ORIGINAL}": ${shown(inside)} at the top too`
          }
        : undefined
    }
  },
  {
    id: 'phi3-type',
    stacks: ['transformers', 'vllm', 'axolotl'],
    check: ({ type, model: { name } }) =>
      isPhi3(name) && !['default', 'longrope', 'su', 'yarn'].includes(type)
        ? {
            problem: `the type is ${shown(type)}, and ${shown(name)} accepts only longrope`,
            why: 'loading the model fails with a ValueError',
            fix: 'write the table: `skipwise convert --to transformers --as-longrope`'
          }
        : undefined
  },
  {
    id: 'phi3-yarn',
    stacks: ['llama.cpp'],
    check: ({ type, model: { name }, frequencies }) =>
      type === 'yarn' && isPhi3(name)
        ? {
            problem: 'the type yarn of a Phi-3 is longrope under another name',
            why: `transformers renames it and takes ${frequencies.attentionFactor} for the attention factor, llama.cpp's converter that of YaRN`,
            fix: 'call it longrope: `skipwise convert --to transformers` does'
          }
        : undefined
  }
]
