import { nearestName, SkipwiseError, validate, type RopeGeometry, withoutUndefined } from '@skipwise/core'
import { agreeing, contradiction } from './agreeing-keys.js'
import { dynamicNtkFromHuggingFace } from './dynamic-ntk.js'
import { dynamicYarnFromHuggingFace } from './dynamic-yarn.js'
import { headOf } from './head.js'
import { keyError, lengthAt, numberAt, objectAt, shown, valueOf, type JsonObject } from './json-keys.js'
import { linearFromHuggingFace } from './linear.js'
import { llama3FromHuggingFace } from './llama3.js'
import { longropeFromHuggingFace } from './longrope.js'
import type { LayerType } from './model-type.js'
import { noneFromHuggingFace } from './none.js'
import { ntkFixedFromHuggingFace } from './ntk-fixed.js'
import { ntkFromHuggingFace } from './ntk.js'
import { proportionalFromHuggingFace } from './proportional.js'
import type { HuggingFaceRopeType } from './rope-type.js'
import { isObject, isPhi3, textModelOf, WINDOW_KEYS, windowOf, type TextModel } from './text-model.js'
import { yarnFromHuggingFace } from './yarn.js'

/** Every type of rope that a file can name. */
export const ropeTypes: readonly HuggingFaceRopeType[] = [
  noneFromHuggingFace,
  linearFromHuggingFace,
  dynamicNtkFromHuggingFace,
  yarnFromHuggingFace,
  llama3FromHuggingFace,
  longropeFromHuggingFace,
  proportionalFromHuggingFace,
  ntkFromHuggingFace,
  ntkFixedFromHuggingFace,
  dynamicYarnFromHuggingFace
]

/** What {@link readHuggingFaceRope} finds: `name` and `config` go to the registry, `geometry` to `frequencies`. */
export interface HuggingFaceRopeReading {
  /** Name of the plugin. */
  readonly name: string
  /** The plugin's configuration, complete with its defaults. */
  readonly config: Readonly<Record<string, unknown>>
  /** L_t here is L_c times the factor; `max_position_embeddings` may allow more (LLaMA 3.1: 8 × 8,192 of 131,072). */
  readonly geometry: RopeGeometry
  /**
   * The file does not say whether `max_position_embeddings` is the window before or after the scaling (`linear`): L_c
   * and L_t are a guess. The frequencies are right in either case.
   */
  readonly windowUnclear?: true
}

/** Facts about a model that override its `config.json`. */
export interface KnownGeometry {
  /** R. */
  readonly rotaryDim: number
  /** The window in tokens, whatever key the file has for it. */
  readonly window: number
  /** The layers to read, of a model whose layer types have each a RoPE; undefined for one RoPE. */
  readonly layerType?: string | undefined
}

/** The RoPE of the layers of one type. */
export interface LayerRopeReading {
  /** `full_attention`, `sliding_attention`, …; undefined for a model with one RoPE. */
  readonly layerType: string | undefined
  /** undefined for layers without positions, and for a model without RoPE. */
  readonly reading: HuggingFaceRopeReading | undefined
}

/** A {@link LayerRopeReading} with the keys that it was read from. */
export interface LayerRope extends LayerRopeReading {
  readonly rope: JsonObject
  /** `original_max_position_embeddings` that counts, where the file has it. */
  readonly original: number | undefined
}

/** Every RoPE of a file. */
export interface FileRopes {
  readonly model: TextModel
  /** One without `layerType` for a model with one RoPE; one without reading for a model without RoPE. */
  readonly layers: readonly [LayerRope, ...LayerRope[]]
}

/**
 * Reads the RoPE keys of a `config.json`, old (`rope_theta`, `rope_scaling`) and new (`rope_parameters`), as
 * transformers 5.18 does:
 *
 * - base: `rope_theta` inside the rope object, else at the top (GPT-NeoX: `rotary_emb_base`), else the default of the
 *   model's type (10,000 for most, 1,000,000 for Mixtral);
 * - R = ⌊head_dim × partial_rotary_factor⌋ (`rotary_pct`, `rope_pct`, else the default of the type), head_dim else
 *   being ⌊hidden_size / num_attention_heads⌋; `qk_rope_head_dim` for models with latent attention; the whole head for
 *   `proportional`; GPT-J's `rotary_dim`;
 * - L_c of yarn, llama3 and longrope: `original_max_position_embeddings` at the top, else inside, else
 *   `max_position_embeddings`; of `dynamic` always `max_position_embeddings`;
 * - s: `factor`, even where the lengths say otherwise; for yarn and longrope without it `max_position_embeddings` /
 *   L_c;
 * - L_t = L_c × s. `linear` has no key for L_c, but where a file has one it counts, and so does a `max_sequence_length`
 *   of s times `max_position_embeddings`; else `max_position_embeddings` is taken for L_t, and the reading is
 *   `windowUnclear`. Its frequencies depend on s alone;
 * - models of several parts: the keys of `text_config`; `mrope` is the default RoPE; `yarn` in a Phi-3 is `longrope`.
 *
 * Where a file has both forms, transformers 5 reads the old one and other stacks the new one: they must mean the same.
 * Types of other stacks are read as those stacks do: `vanilla_ntk` (PoSE), `ntk` (vLLM), `dynamic-yarn` (YaRN
 * repository).
 *
 * @param config the parsed file; nothing in it is trusted
 * @param known R and the window, from a caller that knows the model's architecture. Then neither is read, and the model
 * is assumed to have a RoPE
 * @throws SkipwiseError `ROPE_CONFIG_INVALID` (also for a RoPE per layer type: {@link readHuggingFaceRopes}),
 * `ROPE_CONFIG_CONTRADICTORY`, `ROPE_TYPE_UNKNOWN`, `ROPE_NONE`
 */
export function readHuggingFaceRope(
  config: Readonly<Record<string, unknown>>,
  known?: KnownGeometry
): HuggingFaceRopeReading {
  const { model, layers } = readRopes(config, known)
  const wanted = known?.layerType
  const found = layers.find(({ layerType }) => layerType === wanted)
  if (!found)
    throw keyError(
      `the file has its own RoPE for ${layers.map(({ layerType }) => `'${layerType}'`).join(', ')} layers`,
      wanted === undefined ? 'use a model with one RoPE for all layers' : `add the RoPE of the '${wanted}' layers`
    )
  const { reading } = found
  if (!reading) throw noRope(model)
  return reading
}

/** The error for a model that has no RoPE. */
export const noRope = ({ name, positions }: TextModel): SkipwiseError =>
  new SkipwiseError('ROPE_NONE', {
    problem: `the model${name === undefined ? '' : ` (${shown(name)})`} has ${positions ?? 'no positions'} and no RoPE`,
    fix: 'there is nothing to read or to convert; its window is extended by positions only'
  })

/**
 * {@link readHuggingFaceRope} for models with a RoPE per layer type: `rope_parameters` nested by type as transformers 5
 * writes it, or the keys at the top from which Gemma 3, OLMo 3 and ModernBERT derive one for each.
 *
 * @param config the parsed file; nothing in it is trusted
 * @returns at least one reading; a single one without `layerType` for a model with one RoPE; without `reading` for a
 * model with none
 * @throws SkipwiseError `ROPE_CONFIG_INVALID`, `ROPE_CONFIG_CONTRADICTORY`, `ROPE_TYPE_UNKNOWN`
 */
export function readHuggingFaceRopes(config: Readonly<Record<string, unknown>>): readonly LayerRopeReading[] {
  return readRopes(config).layers.map(({ layerType, reading }) => ({ layerType, reading }))
}

const FORMS = ['rope_parameters', 'rope_scaling'] as const

/** {@link readHuggingFaceRopes} with the keys that the readings come from. */
export function readRopes(config: JsonObject, known?: KnownGeometry): FileRopes {
  const model: TextModel = known === undefined ? textModelOf(config) : { ...textModelOf(config), positions: undefined }
  if (model.positions !== undefined)
    return { model, layers: [{ layerType: undefined, reading: undefined, rope: {}, original: undefined }] }
  const read = { model, known }
  // null, {} and missing are the same: Python calls each false
  const forms = FORMS.map(key => ({ key, rope: objectAt(model.config, key) ?? {} })).filter(
    ({ rope }) => Object.keys(rope).length > 0
  )
  const used = forms.length > 0 ? forms : [{ key: undefined, rope: model.type?.scaling ?? {} }]
  const [layers, others] = used.map(({ key, rope }) => readForm(read, rope, key))
  if (others && !sameReadings(layers, others)) {
    throw contradiction(
      `rope_parameters means ${meaning(layers)}, rope_scaling with rope_theta means ${meaning(others)}`,
      'find out which one the model was trained with and write both alike, or remove the other'
    )
  }
  return { model, layers: others ?? layers }
}

type Layers = [LayerRope, ...LayerRope[]]

const readingsOf = (layers: Layers) => layers.map(({ layerType, reading }) => ({ layerType, reading }))

const sameReadings = (some: Layers, others: Layers) =>
  JSON.stringify(readingsOf(some)) === JSON.stringify(readingsOf(others))

const meaning = (layers: Layers) =>
  JSON.stringify(layers.length === 1 && layers[0].layerType === undefined ? layers[0].reading : readingsOf(layers))

/** Which file is read, and what is known of it. */
interface Reader {
  readonly model: TextModel
  readonly known: KnownGeometry | undefined
}

/** The reading of one of the two rope objects. */
function readForm(reader: Reader, rope: JsonObject, key: (typeof FORMS)[number] | undefined): Layers {
  const { config, type } = reader.model
  const entries = Object.entries(rope)
  if (entries.some(([, value]) => isObject(value))) return readNested(reader, rope)
  if (type?.layers !== undefined && (reader.known === undefined || reader.known.layerType !== undefined)) {
    // transformers reads layer types only in rope_parameters: keys next to it are lost
    const shared = key === 'rope_parameters' ? {} : rope
    return layersOf(type.layers, (layerType, layer) =>
      readLayer(reader, layer.scaled ? shared : ownType(layer), { layerType, layer })
    )
  }
  const reading = readLayer(reader, rope, {})
  const local = numberAt(config, 'rope_local_base_freq', Number.MIN_VALUE)
  if (local === undefined) return [reading]
  const full = { ...reading, layerType: 'full_attention' }
  return [full, readLayer(reader, {}, { layerType: 'sliding_attention', layer: { baseKey: 'rope_local_base_freq' } })]
}

/** The rope object of layers for which a file says nothing. */
const ownType = ({ type, share }: LayerType): JsonObject =>
  type === undefined ? {} : { rope_type: type, partial_rotary_factor: share }

function layersOf(
  layers: Readonly<Record<string, LayerType>>,
  read: (layerType: string, layer: LayerType) => LayerRope
): Layers {
  const [first, ...rest] = Object.entries(layers).map(([layerType, layer]) => read(layerType, layer))
  return [first, ...rest]
}

/** A RoPE per layer type, as the file has them; where it leaves one out, that of the model's type. */
function readNested(reader: Reader, rope: JsonObject): Layers {
  const entries = Object.entries(rope)
  const odd = entries.find(([, value]) => value !== null && !isObject(value))
  if (odd)
    throw keyError(
      `the rope object has ${shown(odd[0])} next to a RoPE per layer type`,
      'put it inside each layer type'
    )
  const known = reader.model.type?.layers ?? {}
  const layerOf = (layerType: string) => (Object.hasOwn(known, layerType) ? known[layerType] : undefined)
  const read = entries.map(([layerType]): LayerRope => {
    const layer = objectAt(rope, layerType)
    if (layer === undefined) return { layerType, reading: undefined, rope: {}, original: undefined }
    return readLayer(reader, layer, { layerType, layer: layerOf(layerType) })
  })
  const missing = Object.entries(known).filter(([layerType]) => !Object.hasOwn(rope, layerType))
  const others = missing.map(([layerType, layer]) => readLayer(reader, ownType(layer), { layerType, layer }))
  const [first, ...rest] = [...read, ...others]
  return [first, ...rest]
}

/** Which layers are read; nothing of it for a model with one RoPE. */
interface WhichLayers {
  readonly layerType?: string
  readonly layer?: LayerType | undefined
}

const ORIGINAL = 'original_max_position_embeddings'

function readLayer({ model, known }: Reader, rope: JsonObject, { layerType, layer }: WhichLayers): LayerRope {
  const { config } = model
  const { type, name } = ropeTypeOf(rope, model)
  const base = baseOf(model, rope, layer)
  const maxLength = known?.window ?? windowOf(model)
  const { headDim, share, rotaryDim } =
    known === undefined
      ? headOf({ model, rope, layerType, layer, wholeHead: type.wholeHead ?? false })
      : { ...known, headDim: known.rotaryDim, share: undefined }
  // transformers reads the top only for a model with one RoPE
  const top = layerType === undefined ? lengthAt(config, ORIGINAL) : undefined
  const inside = lengthAt(rope, ORIGINAL)
  const {
    config: keys,
    originalLength,
    factor,
    unclear
  } = type.read({
    rope,
    rotaryDim,
    maxLength,
    partialRotaryFactor: share ?? rotaryDim / headDim,
    givenOriginalLength: top ?? (layerType === undefined ? model.type?.original : undefined) ?? inside,
    writtenOriginalLength: lengthAt(config, ORIGINAL) ?? inside,
    statedLengths: statedLengths(config)
  })
  const pluginConfig = withoutUndefined(keys)
  const where = `config.json, RoPE type '${name}'`
  const checked: HuggingFaceRopeReading['config'] = validate(
    type.plugin.config,
    pluginConfig,
    'ROPE_CONFIG_INVALID',
    where
  )
  const reading: HuggingFaceRopeReading = withoutUndefined({
    name: type.plugin.name,
    config: checked,
    geometry: { base, rotaryDim, originalLength, targetLength: Math.max(originalLength, originalLength * factor) },
    windowUnclear: unclear
  })
  return { layerType, reading, rope, original: top ?? inside }
}

/** Lengths besides `max_position_embeddings`, which show whether that one is L_c or L_t. */
const statedLengths = (config: JsonObject): readonly number[] =>
  WINDOW_KEYS.slice(1)
    .map(key => valueOf(config, key))
    .filter(value => typeof value === 'number')

/** `rope_theta`, under the name that the model has for it, or the default of its type. */
function baseOf({ config, name, type }: TextModel, rope: JsonObject, layer: LayerType | undefined): number {
  const outside =
    layer === undefined ? ['rope_theta', 'rotary_emb_base'] : layer.baseKey === undefined ? [] : [layer.baseKey]
  const found = agreeing(rope, 'rope_theta', config, outside)
  if (found !== undefined) {
    const base = numberAt({ [found.key]: found.value }, found.key, Number.MIN_VALUE)
    if (base !== undefined) return base
  }
  // ChatGLM scales its base
  const ratio = name === 'chatglm' ? numberAt(config, 'rope_ratio', Number.MIN_VALUE) : undefined
  return layer?.base ?? (layer === undefined ? type?.base : undefined) ?? 10000 * (ratio ?? 1)
}

/** Other names of longrope in Phi-3. */
const PHI3_LONGROPE: readonly unknown[] = ['su', 'yarn']

/** The type that a rope object names. `mrope` is the default RoPE with its sections for images. */
function ropeTypeOf(rope: JsonObject, model: TextModel): { type: HuggingFaceRopeType; name: string } {
  const withoutSections = (value: unknown) => (value === 'mrope' ? undefined : value)
  const newName = withoutSections(valueOf(rope, 'rope_type'))
  const oldName = withoutSections(valueOf(rope, 'type'))
  const name = newName ?? oldName ?? 'default'
  if (oldName !== undefined && oldName !== name) {
    throw contradiction(
      `rope_type is ${shown(name)} and type is ${shown(oldName)}`,
      'keep the one that the model was trained with'
    )
  }
  if (typeof name !== 'string') throw keyError(`rope_type is ${shown(name)}`, 'give the name of a RoPE type')
  if (isPhi3(model.name) && PHI3_LONGROPE.includes(name)) return { type: longropeFromHuggingFace, name }
  const type = ropeTypes.find(({ types }) => types.includes(name))
  if (type) return { type, name }
  const names = ropeTypes.flatMap(({ types }) => types)
  const nearest = nearestName(name, names)
  throw new SkipwiseError('ROPE_TYPE_UNKNOWN', {
    problem: `config.json has the RoPE type ${shown(name)}${nearest ? `; did they mean '${nearest}'?` : ''}`,
    fix: `use a model with one of ${names.join(', ')}`
  })
}
