import { nearestName, SkipwiseError, validate, type RopeGeometry } from '@skipwise/core'
import { dynamicNtkFromHuggingFace } from './dynamic-ntk.js'
import { dynamicYarnFromHuggingFace } from './dynamic-yarn.js'
import { keyError, lengthAt, numberAt, objectAt, required, valueOf, type JsonObject } from './json-keys.js'
import { linearFromHuggingFace } from './linear.js'
import { llama3FromHuggingFace } from './llama3.js'
import { longropeFromHuggingFace } from './longrope.js'
import { noneFromHuggingFace } from './none.js'
import { ntkFixedFromHuggingFace } from './ntk-fixed.js'
import { ntkFromHuggingFace } from './ntk.js'
import { proportionalFromHuggingFace } from './proportional.js'
import type { HuggingFaceRopeType } from './rope-type.js'
import { yarnFromHuggingFace } from './yarn.js'

/** Every type of rope that a file can name. */
export const ropeTypes: readonly HuggingFaceRopeType[] = [
  noneFromHuggingFace, linearFromHuggingFace, dynamicNtkFromHuggingFace, yarnFromHuggingFace, llama3FromHuggingFace, longropeFromHuggingFace,
  proportionalFromHuggingFace, ntkFromHuggingFace, ntkFixedFromHuggingFace, dynamicYarnFromHuggingFace
]

const MAX_ROTARY_DIM = 65536

/** What {@link readHuggingFaceRope} finds: `name` and `config` go to the registry, `geometry` to `frequencies`. */
export interface HuggingFaceRopeReading {
  /** Name of the plugin. */
  readonly name: string
  /** The plugin's configuration, complete with its defaults. */
  readonly config: Readonly<Record<string, unknown>>
  /** L_t here is L_c times the factor; `max_position_embeddings` may allow more (LLaMA 3.1: 8 × 8,192 of 131,072). */
  readonly geometry: RopeGeometry
}

/** The RoPE of the layers of one type. */
export interface LayerRopeReading {
  /** `full_attention`, `sliding_attention`, …; undefined for a model with one RoPE. */
  readonly layerType: string | undefined
  /** undefined where the file says null: layers without positions. */
  readonly reading: HuggingFaceRopeReading | undefined
}

/**
 * Reads the RoPE keys of a `config.json`, old (`rope_theta`, `rope_scaling`) and new (`rope_parameters`), as transformers 5.18 does:
 *
 * - base: `rope_theta` inside the rope object, else at the top, else 10,000;
 * - R = ⌊head_dim × partial_rotary_factor⌋, head_dim else being ⌊hidden_size / num_attention_heads⌋; the whole head for `proportional`;
 *   GPT-J's `rotary_dim`, `n_embd`, `n_head` and `n_positions` are known;
 * - L_c of yarn, llama3 and longrope: `original_max_position_embeddings` at the top, else inside, else `max_position_embeddings`; of `dynamic`
 *   always `max_position_embeddings`;
 * - s: `factor`, even where the lengths say otherwise; for yarn and longrope without it `max_position_embeddings` / L_c;
 * - L_t = L_c × s. `linear` has no key for L_c, so `max_position_embeddings` is taken for L_t; its frequencies depend on s alone.
 *
 * Where both forms stand in one file, transformers 5 reads the old one and other stacks the new one: they must mean the same. Types of
 * other stacks are read as those do: `vanilla_ntk` (PoSE), `ntk` (vLLM), `dynamic-yarn` (YaRN repository).
 *
 * @param config the parsed file; nothing in it is trusted
 * @throws SkipwiseError `ROPE_CONFIG_INVALID` (also for a RoPE per layer type: {@link readHuggingFaceRopes}), `ROPE_CONFIG_CONTRADICTORY`,
 * `ROPE_TYPE_UNKNOWN`
 */
export function readHuggingFaceRope(config: Readonly<Record<string, unknown>>): HuggingFaceRopeReading {
  const [{ layerType, reading }] = readHuggingFaceRopes(config)
  if (layerType !== undefined || !reading) throw keyError(`the file has its own RoPE for '${layerType}' layers`, 'use a model with one RoPE for all layers')
  return reading
}

/**
 * {@link readHuggingFaceRope} for models with a RoPE per layer type: `rope_parameters` nested by type as transformers 5 writes it, or
 * `rope_local_base_freq` beside `rope_theta` as Gemma 3 has it.
 *
 * @param config the parsed file; nothing in it is trusted
 * @returns at least one reading; a single one without `layerType` for a model with one RoPE
 * @throws SkipwiseError `ROPE_CONFIG_INVALID`, `ROPE_CONFIG_CONTRADICTORY`, `ROPE_TYPE_UNKNOWN`
 */
export function readHuggingFaceRopes(config: Readonly<Record<string, unknown>>): readonly LayerRopeReading[] {
  // null, {} and missing are the same: Python calls each false
  const forms = ['rope_parameters', 'rope_scaling'].map(key => objectAt(config, key)).filter(form => form && Object.keys(form).length > 0)
  const [readings, others] = (forms.length ? forms : [{}]).map(form => readForm(config, form as JsonObject))
  if (others && JSON.stringify(readings) !== JSON.stringify(others)) {
    throw contradiction(
      `rope_parameters means ${meaning(readings)}, rope_scaling with rope_theta means ${meaning(others)}`,
      'find out which one the model was trained with and write both alike, or remove the other'
    )
  }
  return readings
}

const meaning = (readings: readonly LayerRopeReading[]) => JSON.stringify(readings.length === 1 && readings[0].layerType === undefined ? readings[0].reading : readings)

/** What one of the two rope objects means. */
function readForm(config: JsonObject, rope: JsonObject): LayerRopeReading[] {
  const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
  const layers = Object.entries(rope)
  if (layers.some(([, value]) => isObject(value))) {
    const odd = layers.find(([, value]) => value !== null && !isObject(value))
    if (odd) throw keyError(`the rope object has '${odd[0]}' beside a RoPE per layer type`, 'put it inside each layer type')
    return layers.map(([layerType]) => {
      const layer = objectAt(rope, layerType)
      return { layerType, reading: layer && readLayer(config, layer, layerType) }
    })
  }
  const reading = readLayer(config, rope, undefined), local = numberAt(config, 'rope_local_base_freq', Number.MIN_VALUE)
  if (local === undefined) return [{ layerType: undefined, reading }]
  const sliding = readLayer({ ...config, rope_theta: local }, {}, 'sliding_attention')
  return [{ layerType: 'full_attention', reading }, { layerType: 'sliding_attention', reading: sliding }]
}

function readLayer(config: JsonObject, rope: JsonObject, layerType: string | undefined): HuggingFaceRopeReading {
  const { type, name } = ropeTypeOf(rope)
  const base = numberAt(inAndOutside(config, rope, 'rope_theta'), 'rope_theta', Number.MIN_VALUE) ?? 10000
  const maxLength = required(lengthAt(config, 'max_position_embeddings') ?? lengthAt(config, 'n_positions'), 'max_position_embeddings')
  const { headDim, partialRotaryFactor, rotaryDim } = headOf(config, rope, layerType, type.wholeHead ?? false)
  const originalKey = 'original_max_position_embeddings'
  // transformers looks at the top only for a model with one RoPE
  const givenOriginalLength = (layerType === undefined ? lengthAt(config, originalKey) : undefined) ?? lengthAt(rope, originalKey)
  const { config: keys, originalLength, factor } = type.read({ rope, rotaryDim, partialRotaryFactor: partialRotaryFactor ?? rotaryDim / headDim, maxLength, givenOriginalLength })
  const pluginConfig = Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined))
  return {
    name: type.plugin.name,
    config: validate(type.plugin.config, pluginConfig, 'ROPE_CONFIG_INVALID', `config.json, RoPE type '${name}'`),
    geometry: { base, rotaryDim, originalLength, targetLength: Math.max(originalLength, originalLength * factor) }
  }
}

function ropeTypeOf(rope: JsonObject): { type: HuggingFaceRopeType; name: string } {
  const name = valueOf(rope, 'rope_type') ?? valueOf(rope, 'type') ?? 'default', oldName = valueOf(rope, 'type') ?? name
  if (name !== oldName) throw contradiction(`rope_type is ${JSON.stringify(name)} and type is ${JSON.stringify(oldName)}`, 'keep the one that the model was trained with')
  if (typeof name !== 'string') throw keyError(`rope_type is ${JSON.stringify(name)}`, 'give the name of a RoPE type')
  const type = ropeTypes.find(({ types }) => types.includes(name))
  if (type) return { type, name }
  const names = ropeTypes.flatMap(({ types }) => types), nearest = nearestName(name, names)
  throw new SkipwiseError('ROPE_TYPE_UNKNOWN', {
    problem: `config.json has the RoPE type '${name}'${nearest ? `; did they mean '${nearest}'?` : ''}`,
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

/** The dimensions of a head and those that turn. */
function headOf(config: JsonObject, rope: JsonObject, layerType: string | undefined, wholeHead: boolean) {
  const headDim =
    (layerType === 'full_attention' ? lengthAt(config, 'global_head_dim') : undefined) ??
    lengthAt(config, 'head_dim') ??
    Math.floor(
      required(lengthAt(config, 'hidden_size') ?? lengthAt(config, 'n_embd'), 'head_dim or hidden_size') /
      required(lengthAt(config, 'num_attention_heads') ?? lengthAt(config, 'n_head'), 'num_attention_heads')
    )
  const partialRotaryFactor = numberAt(inAndOutside(config, rope, 'partial_rotary_factor'), 'partial_rotary_factor', 0)
  if (partialRotaryFactor !== undefined && partialRotaryFactor > 1) throw keyError(`partial_rotary_factor is ${partialRotaryFactor}`, 'give a share of the head, at most 1')
  const rotaryDim = wholeHead ? headDim : partialRotaryFactor === undefined ? (lengthAt(config, 'rotary_dim') ?? headDim) : Math.floor(headDim * partialRotaryFactor)
  if (rotaryDim >= 2 && rotaryDim % 2 === 0 && rotaryDim <= Math.min(headDim, MAX_ROTARY_DIM)) return { headDim, partialRotaryFactor, rotaryDim }
  throw keyError(`head_dim ${headDim} and partial_rotary_factor ${partialRotaryFactor ?? 1} give ${rotaryDim} rotary dimensions`, `they must give an even number from 2 to ${MAX_ROTARY_DIM}, at most the head`)
}

const contradiction = (problem: string, fix: string) => new SkipwiseError('ROPE_CONFIG_CONTRADICTORY', { problem, fix })
