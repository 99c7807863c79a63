import type { HuggingFaceRope, Interpolation, RopeGeometry } from '@skipwise/core'
import { tableAsLongrope } from '../table-as-longrope.js'
import type { LayerType } from '../model-type.js'
import { readRopes, type HuggingFaceRopeReading } from '../read-hugging-face.js'
import { isPhi3, textModelOf } from '../text-model.js'
import { inexpressible, staticFrequencies, type Conversion, type RopeSource, type Stack } from './conversion.js'

/** How keys for transformers are written. */
export interface TransformersOptions {
  /** Write any table as `longrope` factors, also where the scheme has a type of its own. */
  readonly asLongrope?: boolean | undefined
  /** `rope_scaling` with `rope_theta` (transformers 4), `rope_parameters` (5), or both; both if not given. */
  readonly keys?: 'old' | 'new' | 'both' | undefined
}

/** The rope keys of a scheme, by its own type or as a table, with the window to write. */
export function ropeKeys(source: RopeSource, stack: Stack, asLongrope = false): HuggingFaceRope {
  const own = asLongrope ? tableKeys(source, stack) : source.interpolation.toHuggingFace(source.geometry)
  // Phi-3 refuses all other types, and reads yarn as longrope
  const refused =
    isPhi3(source.model.name) && !['default', 'longrope'].includes(String(own.rope_parameters['rope_type']))
  const rope = refused ? tableKeys(source, stack) : own
  // dynamic reads the window as L_c
  return rope.rope_parameters['rope_type'] === 'dynamic' ? rope : { ...rope, max_position_embeddings: source.window }
}

/** A scheme for one model. */
export interface SchemeOfModel {
  /** Name of the plugin, for messages. */
  readonly name: string
  readonly interpolation: Interpolation
  /** With L_t of the model to write. */
  readonly geometry: RopeGeometry
}

/**
 * The RoPE keys for the `config.json` of a model: those of the scheme's own type, or where transformers refuses that
 * type for the model (Phi-3 has `longrope` alone) the table of its frequencies. In a model with a RoPE per layer type
 * they are those of `full_attention`, next to the RoPE that the file has for other layers.
 *
 * @param config the file that they are for
 * @throws SkipwiseError `INTERPOLATION_EXPORT`, `ROPE_INEXPRESSIBLE`
 */
export function writeHuggingFaceRope(
  config: Readonly<Record<string, unknown>>,
  { name, interpolation, geometry }: SchemeOfModel
): HuggingFaceRope {
  const window = Math.round(geometry.targetLength)
  const source = { name, interpolation, geometry, window, model: textModelOf(config), rope: {} }
  const keys = ropeKeys(source, 'transformers')
  const { layers } = readRopes(config)
  if (layers[0].layerType === undefined) return keys
  const { rope_parameters, rope_scaling } = keys
  const own = source.model.type?.layers ?? {}
  const others = layers.flatMap(({ layerType, reading }) =>
    layerType === undefined || layerType === SCALED || !reading
      ? []
      : [[layerType, plainRope(layerType, reading, own[layerType])]]
  )
  return {
    ...keys,
    rope_parameters: { [SCALED]: rope_parameters, ...(Object.fromEntries(others) as Record<string, unknown>) },
    rope_scaling: rope_scaling && { rope_type: rope_parameters['rope_type'], ...rope_scaling }
  }
}

/** The layers that a scheme is for, where a model has a RoPE per layer type. */
const SCALED = 'full_attention'

/** The RoPE of layers that a scheme leaves alone, which the old keys must be able to say as well. */
function plainRope(
  layerType: string,
  { name, geometry: { base } }: HuggingFaceRopeReading,
  own: LayerType | undefined
): Record<string, unknown> {
  if (name !== 'none')
    throw inexpressible(
      'transformers',
      `the RoPE of the '${layerType}' layers is '${name}', and stays only where it is the default`,
      'use a model that scales full_attention alone'
    )
  if (own && own.baseKey === undefined && base !== (own.base ?? 10000))
    throw inexpressible(
      'transformers',
      `version 4 has no key for the base ${base} of the '${layerType}' layers and would take ${own.base ?? 10000}`,
      'use a model whose layers have the bases of its type'
    )
  return { rope_type: 'default', rope_theta: base }
}

function tableKeys(source: RopeSource, stack: Stack): HuggingFaceRope {
  const frequencies = staticFrequencies(source)
  if (!frequencies)
    throw inexpressible(
      stack,
      `the frequencies of ${source.name} change with the length of the sequence, one list of factors cannot follow`,
      'write the scheme by its own type'
    )
  return tableAsLongrope(source.geometry, frequencies)
}

/**
 * The RoPE keys of `config.json` for transformers. They replace those of the file as a whole; `undefined` removes a
 * key.
 *
 * @throws SkipwiseError `INTERPOLATION_EXPORT`, `ROPE_INEXPRESSIBLE`
 */
export function toTransformers(
  source: RopeSource,
  { asLongrope, keys = 'both' }: TransformersOptions = {}
): Conversion {
  const { rope_parameters, rope_scaling, rope_theta, max_position_embeddings, original_max_position_embeddings } =
    ropeKeys(source, 'transformers', asLongrope)
  const old = { rope_scaling, rope_theta }
  const none = { rope_scaling: undefined, rope_theta: undefined }
  const notes =
    rope_parameters['rope_type'] === 'proportional' && keys !== 'new'
      ? ['transformers 4 has no type proportional: it refuses the old keys']
      : []
  return {
    stack: 'transformers',
    keys: {
      ...(keys === 'new' ? none : old),
      rope_parameters: keys === 'old' ? undefined : rope_parameters,
      max_position_embeddings,
      original_max_position_embeddings
    },
    notes
  }
}
