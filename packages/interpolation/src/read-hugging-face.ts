import { nearestName, SkipwiseError, validate, type RopeGeometry } from '@skipwise/core'
import { keyError, lengthAt, numberAt, numbersAt, objectAt, required, valueOf, type JsonObject } from './json-keys.js'
import { linear } from './linear.js'
import { llama3 } from './llama3.js'
import { longrope } from './longrope.js'
import { none } from './none.js'
import { yarn } from './yarn.js'

const pluginsByType = { default: none, linear, yarn, llama3, longrope } as const

type RopeType = keyof typeof pluginsByType

/** What {@link readHuggingFaceRope} finds: `name` and `config` go to the registry, `geometry` to `frequencies`. */
export interface HuggingFaceRopeReading {
  readonly name: 'none' | 'linear' | 'yarn' | 'llama3' | 'longrope'
  /** The plugin's configuration, complete with its defaults. */
  readonly config: Readonly<Record<string, unknown>>
  /** L_t here is L_c times the factor; `max_position_embeddings` may allow more (LLaMA 3.1: 8 × 8,192 of 131,072). */
  readonly geometry: RopeGeometry
}

/**
 * Reads the RoPE keys of a `config.json`, old (`rope_theta`, `rope_scaling`) and new (`rope_parameters`), as transformers 5.18 does:
 *
 * - base: `rope_theta` inside the rope object, else at the top, else 10,000;
 * - R = ⌊head_dim × partial_rotary_factor⌋, head_dim else being ⌊hidden_size / num_attention_heads⌋;
 * - L_c of yarn, llama3 and longrope: `original_max_position_embeddings` at the top, else inside, else `max_position_embeddings`;
 * - s: `factor`, even where the lengths say otherwise; for yarn and longrope without it `max_position_embeddings` / L_c;
 * - L_t = L_c × s. `linear` has no key for L_c, so `max_position_embeddings` is taken for L_t; its frequencies depend on s alone.
 *
 * Where both forms stand in one file, transformers 5 reads the old one and other stacks the new one: they must mean the same.
 *
 * @param config the parsed file; nothing in it is trusted
 * @throws SkipwiseError `ROPE_CONFIG_INVALID`, `ROPE_CONFIG_CONTRADICTORY`, `ROPE_TYPE_UNKNOWN`
 */
export function readHuggingFaceRope(config: Readonly<Record<string, unknown>>): HuggingFaceRopeReading {
  // null, {} and missing are the same: Python calls each false
  const forms = ['rope_parameters', 'rope_scaling'].map(key => objectAt(config, key)).filter(form => form && Object.keys(form).length > 0)
  const [reading, other] = (forms.length ? forms : [{}]).map(form => readForm(config, form as JsonObject))
  if (other && JSON.stringify(reading) !== JSON.stringify(other)) {
    throw contradiction(
      `rope_parameters means ${JSON.stringify(reading)}, rope_scaling with rope_theta means ${JSON.stringify(other)}`,
      'find out which one the model was trained with and write both alike, or remove the other'
    )
  }
  return reading
}

/** What one of the two rope objects means. */
function readForm(config: JsonObject, rope: JsonObject): HuggingFaceRopeReading {
  const type = ropeTypeOf(rope), plugin = pluginsByType[type]
  const base = numberAt(inAndOutside(config, rope, 'rope_theta'), 'rope_theta', Number.MIN_VALUE) ?? 10000
  const rotaryDim = rotaryDimOf(config, rope)
  const { originalLength, factor } = lengthsOf(config, rope, type)
  return {
    name: plugin.name,
    config: validate(plugin.config, pluginConfig(type, rope, rotaryDim), 'ROPE_CONFIG_INVALID', `config.json, RoPE type '${type}'`),
    geometry: { base, rotaryDim, originalLength, targetLength: Math.max(originalLength, originalLength * factor) }
  }
}

function ropeTypeOf(rope: JsonObject): RopeType {
  const perLayer = Object.entries(rope).find(([, value]) => typeof value === 'object' && value !== null && !Array.isArray(value))
  if (perLayer) throw keyError(`rope_parameters has its own RoPE for '${perLayer[0]}' layers`, 'use a model with one RoPE for all layers')
  const type = valueOf(rope, 'rope_type') ?? valueOf(rope, 'type') ?? 'default', oldType = valueOf(rope, 'type') ?? type
  if (type !== oldType) throw contradiction(`rope_type is ${JSON.stringify(type)} and type is ${JSON.stringify(oldType)}`, 'keep the one that the model was trained with')
  if (typeof type !== 'string') throw keyError(`rope_type is ${JSON.stringify(type)}`, 'give the name of a RoPE type')
  if (Object.hasOwn(pluginsByType, type)) return type as RopeType
  const names = Object.keys(pluginsByType), nearest = nearestName(type, names)
  throw new SkipwiseError('ROPE_TYPE_UNKNOWN', {
    problem: `config.json has the RoPE type '${type}'${nearest ? `; did they mean '${nearest}'?` : ''}`,
    fix: `use a model with one of ${names.join(', ')}`
  })
}

/** An object with `key` as it stands inside the rope object or at the top of the file; where both have it they must agree. */
function inAndOutside(config: JsonObject, rope: JsonObject, key: string): JsonObject {
  const inside = valueOf(rope, key), outside = valueOf(config, key)
  if (inside !== undefined && outside !== undefined && inside !== outside) {
    throw contradiction(`${key} is ${JSON.stringify(outside)} at the top and ${JSON.stringify(inside)} in the rope object`, 'write the value that the model was trained with to both')
  }
  return { [key]: inside ?? outside }
}

function rotaryDimOf(config: JsonObject, rope: JsonObject): number {
  const headDim =
    lengthAt(config, 'head_dim') ??
    Math.floor(required(lengthAt(config, 'hidden_size'), 'head_dim or hidden_size') / required(lengthAt(config, 'num_attention_heads'), 'num_attention_heads'))
  const partial = numberAt(inAndOutside(config, rope, 'partial_rotary_factor'), 'partial_rotary_factor', 0) ?? 1
  const rotaryDim = Math.floor(headDim * partial)
  if (rotaryDim >= 2 && rotaryDim % 2 === 0 && partial <= 1 && rotaryDim <= 65536) return rotaryDim
  throw keyError(`head_dim ${headDim} and partial_rotary_factor ${partial} give ${rotaryDim} rotary dimensions`, 'they must give an even number from 2 to 65536')
}

function lengthsOf(config: JsonObject, rope: JsonObject, type: RopeType): { originalLength: number; factor: number } {
  const maxLength = required(lengthAt(config, 'max_position_embeddings'), 'max_position_embeddings')
  if (type === 'default') return { originalLength: maxLength, factor: 1 }
  const given = numberAt(rope, 'factor', 1)
  if (type === 'linear') {
    const factor = required(given, 'factor')
    return { originalLength: maxLength / factor, factor }
  }
  const originalKey = 'original_max_position_embeddings'
  const originalLength = lengthAt(config, originalKey) ?? lengthAt(rope, originalKey) ?? maxLength
  const factor = type === 'llama3' ? required(given, 'factor') : (given ?? maxLength / originalLength)
  if (factor < 1) throw keyError(`max_position_embeddings ${maxLength} is below ${originalKey} ${originalLength}`, 'correct one of them, or give factor')
  return { originalLength, factor }
}

/** The plugin's configuration as the file gives it; what is not given gets the plugin's default. */
function pluginConfig(type: RopeType, rope: JsonObject, rotaryDim: number): JsonObject {
  return Object.fromEntries(Object.entries(configKeys(type, rope, rotaryDim)).filter(([, value]) => value !== undefined))
}

function configKeys(type: RopeType, rope: JsonObject, rotaryDim: number): JsonObject {
  switch (type) {
    case 'yarn':
      return {
        truncate: valueOf(rope, 'truncate'),
        // transformers: `rope_parameters.get('beta_fast') or 32`
        betaFast: numberAt(rope, 'beta_fast', 0) || undefined,
        betaSlow: numberAt(rope, 'beta_slow', 0) || undefined,
        attentionFactor: valueOf(rope, 'attention_factor'),
        mscale: valueOf(rope, 'mscale'),
        mscaleAllDim: valueOf(rope, 'mscale_all_dim')
      }
    case 'llama3':
      return {
        lowFreqFactor: required(numberAt(rope, 'low_freq_factor', 0), 'low_freq_factor'),
        highFreqFactor: required(numberAt(rope, 'high_freq_factor', 0), 'high_freq_factor')
      }
    case 'longrope':
      return {
        shortFactor: numbersAt(rope, 'short_factor', rotaryDim / 2),
        longFactor: numbersAt(rope, 'long_factor', rotaryDim / 2),
        attentionFactor: valueOf(rope, 'attention_factor')
      }
    default:
      return {}
  }
}

const contradiction = (problem: string, fix: string) => new SkipwiseError('ROPE_CONFIG_CONTRADICTORY', { problem, fix })
