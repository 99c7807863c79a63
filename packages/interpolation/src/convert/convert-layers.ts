import { valueOf, type JsonObject } from '../json-keys.js'
import type { LayerRope } from '../read-hugging-face.js'
import { isObject, windowKeyOf, windowOf, type TextModel } from '../text-model.js'
import { inexpressible, type Conversion, type Stack } from './conversion.js'
import { findLlamaCppArchitecture } from './llama-cpp-architectures.js'
import type { TransformersOptions } from './to-transformers.js'

/** A model with a RoPE per layer type, and the stack to convert it for. */
export interface LayersJob {
  readonly model: TextModel
  readonly layers: readonly LayerRope[]
  readonly to: Stack
  readonly keys: TransformersOptions['keys']
  /** Converts the RoPE of one layer type; `plain` layers keep what they have. */
  readonly convert: (layer: LayerRope, to: Stack, plain: boolean) => Conversion
}

/** Keys at the top from which models derive the RoPE of each layer type. */
const FLAT_KEYS = [
  'rope_scaling',
  'rope_theta',
  'rope_local_base_freq',
  'global_rope_theta',
  'local_rope_theta'
] as const

/**
 * The keys of all layer types: nested `rope_parameters` for transformers 5, vLLM and axolotl; old keys where the model
 * derives its two RoPEs from them; for llama.cpp where its graph has a base for the sliding layers.
 *
 * @returns keys with undefined for those to remove
 * @throws SkipwiseError `ROPE_INEXPRESSIBLE`, and what `convert` throws
 */
export function convertLayers(job: LayersJob): Conversion {
  const { to, keys } = job
  if (to === 'llama.cpp') return toLlamaCppLayers(job)
  if (to === 'litgpt') throw perLayerType(to)
  if (keys === 'old') return oldKeys(job)
  const { model, layers, convert } = job
  const converted = layers.map(layer => ({
    layer,
    conversion: layer.reading && convert(layer, to === 'axolotl' ? 'transformers' : to, staysPlain(layer))
  }))
  const ropes = converted.map(({ layer, conversion }) => [
    String(layer.layerType),
    conversion ? withModelKeys(conversion, layer, model) : null
  ])
  const rope_parameters: JsonObject = Object.fromEntries(ropes)
  const all = converted.flatMap(({ conversion }) => (conversion ? [conversion] : []))
  const window = windowOfAll(all, model)
  const notes = [...new Set(all.flatMap(conversion => conversion.notes)), ...windowNote(model, window)]
  if (to === 'axolotl') {
    const scaling = valueOf(model.config, 'rope_scaling') === undefined ? {} : { rope_scaling: null }
    return {
      stack: to,
      keys: { overrides_of_model_config: { rope_parameters, ...scaling, max_position_embeddings: window } },
      notes
    }
  }
  const gone = Object.fromEntries(FLAT_KEYS.map(key => [key, undefined]))
  return {
    stack: to,
    keys: { ...gone, rope_parameters, [windowKeyOf(model) ?? 'max_position_embeddings']: window },
    notes
  }
}

const perLayerType = (to: Stack) =>
  inexpressible(to, 'a RoPE per layer type has no keys there', 'use transformers 5 or vLLM with their new keys')

/** Layers with a sliding window are not scaled when the model is. */
const staysPlain = ({ layerType = '', reading }: LayerRope): boolean =>
  reading?.name === 'none' && /sliding|local/.test(layerType)

/** The new keys of one layer type, with those of the old ones that belong to the model. */
function withModelKeys({ keys }: Conversion, { layerType, rope }: LayerRope, { type }: TextModel): JsonObject {
  const written = keys['rope_parameters']
  const share =
    valueOf(rope, 'partial_rotary_factor') ?? (layerType === undefined ? undefined : type?.layers?.[layerType]?.share)
  const kept = share === undefined ? {} : { partial_rotary_factor: share }
  // a proportional RoPE has its own
  return { ...kept, ...(typeof written === 'object' ? written : {}) }
}

const windowOfAll = (conversions: readonly Conversion[], model: TextModel): number =>
  Math.max(...conversions.map(({ keys }) => Number(keys['max_position_embeddings'] ?? windowOf(model))))

function windowNote(model: TextModel, window: number): string[] {
  const before = windowOf(model)
  return window === before
    ? []
    : [`max_position_embeddings is now ${window}, the window of these keys; it was ${before}`]
}

/** The keys at the top from which Gemma 3 and OLMo 3 derive their two RoPEs: one scaling, and a base for each. */
function oldKeys({ model, layers, to, convert }: LayersJob): Conversion {
  const types = model.type?.layers ?? {}
  const known = layers.map(layer => ({
    layer,
    own: layer.layerType === undefined ? undefined : types[layer.layerType]
  }))
  const scaled = known.filter(({ own }) => own?.scaled)
  const [first] = scaled
  const others = known.filter(each => each !== first)
  const baseKey = first?.own?.baseKey
  const sayable =
    scaled.length === 1 &&
    others.every(
      ({ layer: { reading }, own }) =>
        reading?.name === 'none' &&
        own !== undefined &&
        (own.baseKey !== undefined || reading.geometry.base === (own.base ?? 10000))
    )
  if (baseKey === undefined || !sayable) throw perLayerType(to)
  const conversion = convert(first.layer, to, false)
  const bases = others
    .map(({ layer, own }) => [own?.baseKey, layer.reading?.geometry.base])
    .filter(([key]) => key !== undefined)
  const window = windowOfAll([conversion], model)
  const keys: JsonObject = {
    rope_parameters: undefined,
    rope_scaling: withRopeType(conversion.keys['rope_scaling']),
    [baseKey]: conversion.keys['rope_theta'],
    ...Object.fromEntries(bases),
    [windowKeyOf(model) ?? 'max_position_embeddings']: window
  }
  return { stack: to, keys, notes: [...conversion.notes, ...windowNote(model, window)] }
}

/** These models read rope_type, and treat a file with only type as unscaled. */
function withRopeType(scaling: unknown): unknown {
  return isObject(scaling) && valueOf(scaling, 'rope_type') === undefined
    ? { ...scaling, rope_type: scaling['type'] }
    : scaling
}

/** llama.cpp scales the full layers of some architectures, and rotates the sliding ones with a separate base. */
function toLlamaCppLayers({ model, layers, to, convert }: LayersJob): Conversion {
  const architecture = findLlamaCppArchitecture(model)
  const full = layers.find(({ layerType }) => layerType === 'full_attention')
  const others = layers.filter(layer => layer !== full)
  const [sliding] = others
  if (
    !architecture?.slidingPlain ||
    full === undefined ||
    others.length !== 1 ||
    !staysPlain(sliding) ||
    sliding.reading === undefined
  )
    throw perLayerType(to)
  const conversion = convert(full, to, false)
  return {
    ...conversion,
    keys: { ...conversion.keys, [`${architecture.name}.rope.freq_base_swa`]: sliding.reading.geometry.base }
  }
}
