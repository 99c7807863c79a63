import { nearestName } from '@skipwise/core'
import { shown, valueOf, type JsonObject } from '../json-keys.js'
import type { RopeCase, Rule } from './rule.js'

/** Keys that transformers reads for a type, besides those of every type. */
const readByType: Readonly<Record<string, readonly string[]>> = {
  default: [],
  linear: ['factor'],
  dynamic: ['factor'],
  yarn: [
    'factor',
    'original_max_position_embeddings',
    'attention_factor',
    'beta_fast',
    'beta_slow',
    'mscale',
    'mscale_all_dim',
    'truncate'
  ],
  longrope: ['factor', 'original_max_position_embeddings', 'attention_factor', 'short_factor', 'long_factor'],
  llama3: ['factor', 'original_max_position_embeddings', 'low_freq_factor', 'high_freq_factor'],
  proportional: ['factor'],
  vanilla_ntk: ['factor'],
  ntk: ['factor', 'mixed_b'],
  'dynamic-yarn': ['factor', 'original_max_position_embeddings', 'finetuned']
}
const readAlways = ['rope_type', 'type', 'rope_theta', 'partial_rotary_factor', 'mrope_section', 'mrope_interleaved']
/** Keys that other stacks read for some type. */
const readElsewhere = [
  'extrapolation_factor',
  'attn_factor',
  'apply_yarn_scaling',
  'alpha',
  'mixed_b',
  'short_mscale',
  'long_mscale',
  'finetuned',
  'llama_4_scaling_beta',
  'max_position_embeddings'
]
const known = new Set([...readAlways, ...readElsewhere, ...Object.values(readByType).flat()])

/** Models whose own code has no such keys: it computes θ_i = 10,000^(−2i/R) whatever the file says. */
const ignoring: readonly unknown[] = ['gptj', 'codegen', 'baichuan']
const ignores = (config: JsonObject) => ignoring.includes(config['model_type'])

/** Keys at the top of a file that the RoPE depends on. */
const ropeKeys: ReadonlySet<unknown> = new Set([
  'rope_theta',
  'rope_scaling',
  'rope_parameters',
  'max_position_embeddings',
  'original_max_position_embeddings',
  'partial_rotary_factor',
  'head_dim'
])

/** Whether no key of the file has b. */
function lacksBase({ config, rope, layerType, model: { type } }: RopeCase): boolean {
  const layer = layerType === undefined ? undefined : type?.layers?.[layerType]
  // no key at the top has the base of some layers (OLMo 3): nothing is missing there
  if (layer !== undefined && layer.baseKey === undefined) return false
  const keys =
    layer?.baseKey === undefined
      ? ['rope_theta', 'rotary_emb_base', 'rope_ratio', 'rope_local_base_freq']
      : [layer.baseKey]
  return valueOf(rope, 'rope_theta') === undefined && keys.every(key => valueOf(config, key) === undefined)
}

/** Types whose default the converter of llama.cpp has too; for others it writes no base, and 10,000 is used. */
const sameBaseInEveryStack: readonly unknown[] = ['gemma3_text', 'gemma3n_text']

function whyOf({ geometry: { base }, model: { name, type } }: RopeCase): string {
  if (type === undefined)
    return 'every stack then takes its own default, mostly 10000; a model trained with another base answers fluently and wrongly'
  return `transformers 5 takes ${base} for ${shown(name)}, llama.cpp and others 10000: one file, two models`
}

/** Types whose code before transformers 4.43, and in the PoSE and YaRN repositories, requires a float. */
const wantFloats: readonly unknown[] = [
  undefined,
  'llama',
  'code_llama',
  'mistral',
  'gpt_neox',
  'persimmon',
  'falcon',
  'phi',
  'stablelm',
  'fuyu',
  'olmo',
  'gptj',
  'baichuan'
]

/** Traps in the names, places and spellings of keys. */
export const rulesOfKeys: readonly Rule[] = [
  {
    id: 'theta-missing',
    check: ropeCase => {
      const {
        config,
        geometry: { base },
        model: { name, type }
      } = ropeCase
      if (ignores(config) || !lacksBase(ropeCase)) return undefined
      const everywhere = base === 10000 ? type !== undefined : sameBaseInEveryStack.includes(name)
      return {
        ...(everywhere ? { level: 'note' as const } : {}),
        problem: 'rope_theta is neither in the rope object nor at the top',
        why: everywhere ? `every stack takes ${base} for this type of model` : whyOf(ropeCase),
        fix: `write "rope_theta": ${base.toFixed(1)}, or the base that the model was trained with`
      }
    }
  },
  {
    id: 'key-twice',
    check: ({ spellings }) => {
      const seen = new Set<string>()
      const again = new Set<string>()
      for (const { path } of spellings) {
        const key = path.join('.')
        if (ropeKeys.has(path[0])) (seen.has(key) ? again : seen).add(key)
      }
      const twice = [...again]
      return twice.length
        ? {
            problem: `${twice.slice(0, 4).join(', ')} ${twice.length === 1 ? 'appears' : 'appear'} twice in the file`,
            why: 'most JSON readers keep the last of two equal keys, some the first, none complains',
            fix: 'remove the one that the model was not trained with'
          }
        : undefined
    }
  },
  {
    id: 'integer-factor',
    stacks: ['transformers'],
    check: ({ spellings, layerType, rope, model: { name, type } }) => {
      if (type !== undefined && !wantFloats.includes(name)) return undefined
      const integer = spellings.filter(({ path, text }) => {
        const [form, second] = path
        const key = path.at(-1)
        const layer = path.length === 3 ? second : layerType
        return (
          (form === 'rope_scaling' || form === 'rope_parameters') &&
          path.length <= 3 &&
          layer === layerType &&
          (key === 'factor' || key === 'attention_factor') &&
          typeof rope[key] === 'number' &&
          /^-?\d+$/.test(text)
        )
      })
      return integer.length
        ? {
            problem: `${integer.map(({ path, text }) => `${path.join('.')} is written ${text}`).join(', ')}, an integer`,
            why: 'transformers before 4.43 and the models of the PoSE and YaRN repositories accept only a float and refuse the file',
            fix: `write ${integer.map(({ text }) => `${text}.0`).join(', ')}`
          }
        : undefined
    }
  },
  {
    id: 'unknown-key',
    check: ({ rope, type }) => {
      const strange = Object.keys(rope).filter(key => !known.has(key))
      if (!strange.length) return undefined
      const guesses = strange
        .map(key => ({ key, nearest: nearestName(key, readByType[type] ?? [...known]) }))
        .map(({ key, nearest }) => (nearest ? `${shown(key)} (did they mean '${nearest}'?)` : shown(key)))
      return {
        problem: `no stack reads ${guesses.slice(0, 8).join(', ')}${guesses.length > 8 ? ` and ${guesses.length - 8} more` : ''} in the rope object`,
        why: 'unknown keys are ignored, at most with a warning, and the default is used',
        fix: 'correct the name, or remove the key'
      }
    }
  },
  {
    id: 'unread-key',
    stacks: ['transformers', 'axolotl'],
    check: ({ rope, type }) => {
      const read = [...readAlways, ...(readByType[type === 'su' ? 'longrope' : type] ?? [])]
      const unread = Object.keys(rope).filter(
        key => known.has(key) && !read.includes(key) && valueOf(rope, key) !== undefined
      )
      return unread.length
        ? {
            level: 'note',
            problem: `transformers does not read ${unread.map(key => `'${key}'`).join(', ')} for the type ${type}`,
            why: 'another stack may, so that two stacks can run the same file differently',
            fix: 'the table in docs/schemes.md shows which stack reads what'
          }
        : undefined
    }
  },
  {
    id: 'nested-truncate',
    stacks: ['transformers', 'axolotl'],
    check: ({ layerType, type, rope }) =>
      layerType !== undefined && type === 'yarn' && rope['truncate'] === false
        ? {
            problem: `truncate is false for ${layerType} layers`,
            why: 'transformers 5 looks for truncate next to the layer types and not inside them: the ramp is truncated anyway',
            fix: 'convert these layers with `skipwise convert --as-longrope`, which writes the table itself'
          }
        : undefined
  },
  {
    id: 'one-form',
    check: ({ config, type, geometry, layerType }) => {
      const has = (key: string) =>
        typeof config[key] === 'object' && config[key] !== null && Object.keys(config[key]).length > 0
      const [old, current] = [has('rope_scaling'), has('rope_parameters')]
      if (
        layerType !== undefined ||
        old === current ||
        (type === 'default' && (old || geometry.base === 10000 || valueOf(config, 'rope_theta') !== undefined))
      )
        return undefined
      return {
        level: 'note',
        problem: current ? 'the RoPE is in rope_parameters only' : 'the RoPE is in rope_scaling only',
        why: current
          ? 'transformers 4 and what is built on it do not know the key and run the model unscaled, without a warning'
          : 'tools that read only rope_parameters run the model unscaled, without a warning',
        fix: 'write both: `skipwise convert --to transformers`'
      }
    }
  },
  {
    id: 'architecture-ignores-rope',
    stacks: ['transformers', 'vllm', 'axolotl'],
    check: ({ config, reading, geometry }) =>
      ignores(config) && (reading.name !== 'none' || geometry.base !== 10000)
        ? {
            problem: `the model type ${JSON.stringify(config['model_type'])} has no RoPE scaling in its own code, and its base is 10000`,
            why: 'nothing reads the keys: the model runs at its original frequencies',
            fix: 'serve it with code that scales (Skipwise does), or merge the model into an architecture that does'
          }
        : undefined
  }
]
