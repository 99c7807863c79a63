import { type Interpolation, type PluginReference, withoutUndefined } from '@skipwise/core'
import { dividedWidth } from '../head.js'
import { objectAt, shown, valueOf, type JsonObject } from '../json-keys.js'
import { noRope, readRopes, type LayerRope } from '../read-hugging-face.js'
import { isOwnCode, windowKeyOf, windowOf, type TextModel } from '../text-model.js'
import type { Conversion, RopeSource, Stack } from './conversion.js'
import { convertLayers } from './convert-layers.js'
import { toAxolotl } from './to-axolotl.js'
import { toLitgpt } from './to-litgpt.js'
import { toLlamaCpp } from './to-llama-cpp.js'
import { toTransformers, type TransformersOptions } from './to-transformers.js'
import { toVllm } from './to-vllm.js'

/** How {@link convertConfig} converts. */
export interface ConvertOptions extends TransformersOptions {
  readonly to: Stack
  /**
   * The scheme that the weights were trained with, where the file names another; its lengths and base still come from
   * the file.
   */
  readonly scheme?: PluginReference | undefined
  /** L_t in tokens, instead of the file's L_c × factor. */
  readonly targetLength?: number | undefined
}

/** What {@link convertConfig} gives. */
export interface ConvertedConfig extends Conversion {
  /** transformers and vLLM: the whole `config.json`, in which only the RoPE changed. */
  readonly config?: Readonly<Record<string, unknown>>
  /** The changes in it, for callers that keep the rest of the text of the file. */
  readonly changes?: ConfigChanges
}

/** Keys of one object of a `config.json` that change. */
export interface ConfigChanges {
  /** Path of the object in the file; `[]` at the top. */
  readonly path: readonly string[]
  /** New values; undefined removes a key. */
  readonly keys: Readonly<Record<string, unknown>>
}

/** Keys of a rope object that belong to the model and not to a scheme: they are kept. */
const MODEL_KEYS = ['partial_rotary_factor', 'mrope_section', 'mrope_interleaved']

/**
 * Converts the RoPE of a `config.json` for a stack: to the changed file for transformers and vLLM, to their own keys
 * for the others. The frequencies and the attention factor stay the same at every length; otherwise it throws.
 *
 * @param config the parsed file; nothing in it is trusted
 * @param resolve a plugin of kind `interpolation` by name, for instance of a registry
 * @throws SkipwiseError `ROPE_INEXPRESSIBLE`, `INTERPOLATION_EXPORT`, `ROPE_NONE`, those of reading the keys
 * (`readHuggingFaceRopes`) and of `resolve`
 *
 * @example
 * ```ts
 * const resolve = (reference: PluginReference) => registry.resolveUnknown('interpolation', reference)
 * const { config } = convertConfig(poseConfig, { to: 'transformers', scheme: { name: 'yarn-revised' } }, resolve)
 * ```
 */
export function convertConfig(
  config: Readonly<Record<string, unknown>>,
  options: ConvertOptions,
  resolve: (reference: PluginReference) => Interpolation
): ConvertedConfig {
  const { model, layers } = readRopes(config)
  if (model.positions !== undefined) throw noRope(model)
  const [first] = layers
  if (first.layerType === undefined) return convertSingle({ file: config, model, layer: first, options, resolve })
  const { to, keys } = options
  const { scheme: _scheme, targetLength: _target, asLongrope: _table, ...asItIs } = options
  const conversion = convertLayers({
    model,
    layers,
    to,
    keys,
    convert: (layer, stack, plain) =>
      convertSource(sourceOf({ model, layer, options: plain ? asItIs : options, resolve }), stack, {
        ...(plain ? asItIs : options),
        keys: keys === 'old' ? 'old' : 'new'
      })
  })
  if (to !== 'transformers' && to !== 'vllm') return conversion
  return {
    ...conversion,
    keys: withoutUndefined(conversion.keys),
    config: withChanges(config, model, conversion.keys),
    changes: { path: model.path, keys: conversion.keys }
  }
}

/** What is converted, and how. */
interface Job {
  readonly file: JsonObject
  readonly model: TextModel
  readonly options: ConvertOptions
  readonly resolve: (reference: PluginReference) => Interpolation
}

function convertSingle({ file, model, layer, options, resolve }: Job & { readonly layer: LayerRope }): ConvertedConfig {
  const { to } = options
  const conversion = convertSource(sourceOf({ model, layer, options, resolve }), to, options)
  if (to === 'transformers' || to === 'vllm') return mergeInto(file, model, conversion, layer)
  return to === 'axolotl' ? asOverrides(model, conversion, layer) : conversion
}

/** The RoPE of one layer type after the conversion. */
function sourceOf({
  model,
  layer: { reading, rope },
  options,
  resolve
}: Omit<Job, 'file'> & { readonly layer: LayerRope }): RopeSource {
  if (reading === undefined) throw noRope(model)
  const { scheme = reading, targetLength } = options
  const means = targetLength ?? reading.geometry.targetLength
  return {
    name: scheme.name,
    interpolation: resolve({ name: scheme.name, config: scheme.config }),
    geometry: { ...reading.geometry, targetLength: means },
    // a window longer than that of the factor stays, as in LLaMA 3.1
    window: Math.max(targetLength === undefined ? windowOf(model) : 1, Math.round(means)),
    model,
    rope
  }
}

function convertSource(source: RopeSource, to: Stack, options: ConvertOptions): Conversion {
  switch (to) {
    case 'transformers':
      return toTransformers(source, options)
    case 'vllm':
      return toVllm(source, options.asLongrope)
    case 'axolotl':
      return toAxolotl(source, options.asLongrope)
    case 'llama.cpp':
      return toLlamaCpp(source)
    case 'litgpt':
      return toLitgpt(source)
  }
}

/** The file with the RoPE keys of a conversion, their window, and those of the old keys that belong to the model. */
function mergeInto(file: JsonObject, model: TextModel, conversion: Conversion, layer: LayerRope): ConvertedConfig {
  const { keys, notes } = mergedKeys(model, conversion, layer)
  return {
    ...conversion,
    keys: withoutUndefined(keys),
    config: withChanges(file, model, keys),
    changes: { path: model.path, keys },
    notes
  }
}

function mergedKeys(
  model: TextModel,
  conversion: Conversion,
  { reading }: LayerRope
): Pick<Conversion, 'keys' | 'notes'> {
  const { config } = model
  const { max_position_embeddings: window, ...converted } = conversion.keys
  const written = objectAt(converted, 'rope_parameters') ?? objectAt(converted, 'rope_scaling') ?? {}
  const before = { ...objectAt(config, 'rope_parameters'), ...objectAt(config, 'rope_scaling') }
  const isKept = (key: string) =>
    valueOf(before, key) !== undefined &&
    !(key in written) &&
    !(key === 'partial_rotary_factor' && reading?.name === 'proportional')
  const kept = Object.fromEntries(MODEL_KEYS.filter(isKept).map(key => [key, before[key]]))
  const withKept = (key: 'rope_parameters' | 'rope_scaling') => {
    const rope = objectAt(converted, key)
    return rope ? { ...rope, ...kept } : converted[key]
  }
  const oldWindow = windowOf(model)
  const keys: Record<string, unknown> = {
    ...converted,
    rope_parameters: withKept('rope_parameters'),
    rope_scaling: withKept('rope_scaling'),
    [windowKeyOf(model) ?? 'max_position_embeddings']: window,
    ...originalAtTop(model, written),
    ...otherBase(model, conversion),
    ...headDim(model, written)
  }
  const dropped = Object.keys(before).filter(
    key => !(key in written) && !(key in kept) && !['type', 'rope_type', 'finetuned'].includes(key)
  )
  const notes = [
    ...conversion.notes,
    ...(window === oldWindow
      ? []
      : [`max_position_embeddings is now ${String(window)}, the window of these keys; it was ${oldWindow}`]),
    ...(dropped.length
      ? [
          `these keys of the old RoPE were removed: ${dropped.map(key => (/^\w{1,60}$/.test(key) ? key : shown(key))).join(', ')}`
        ]
      : []),
    ...(readsKeys(model) ? [] : [`the code of ${shown(model.name)} may not read these keys: compare what it computes`])
  ]
  return { keys, notes }
}

/**
 * transformers reads it at the top first, so a value there is updated or removed; some models have a default for it
 * there.
 */
function originalAtTop({ config, type }: TextModel, written: JsonObject): JsonObject {
  const key = 'original_max_position_embeddings'
  const original = valueOf(written, key)
  if (valueOf(config, key) !== undefined) return original === undefined ? {} : { [key]: original }
  return type?.original === undefined || original === undefined ? {} : { [key]: original }
}

/** GPT-NeoX has its own name for the base: where the key is there, it is updated. */
function otherBase({ config }: TextModel, { keys }: Conversion): JsonObject {
  const base = objectAt(keys, 'rope_parameters')?.['rope_theta'] ?? keys['rope_theta']
  return valueOf(config, 'rotary_emb_base') === undefined || base === undefined ? {} : { rotary_emb_base: base }
}

/** Keys without which transformers fails to compute these types. */
function headDim(model: TextModel, written: JsonObject): JsonObject {
  const needs = ['yarn', 'dynamic', 'longrope'].includes(String(valueOf(written, 'rope_type')))
  return model.type?.headDimNone && needs && valueOf(model.config, 'head_dim') === undefined
    ? { head_dim: dividedWidth(model) }
    : {}
}

/** Whether a model runs by code of transformers itself, and that code scales. */
const readsKeys = ({ name, type }: TextModel) =>
  name === undefined || (type !== undefined && !isOwnCode(name) && !['gptj', 'codegen'].includes(name))

/**
 * Overrides replace whole keys of the file, and transformers prefers `rope_scaling` of the file to any
 * `rope_parameters`: it must be removed.
 */
function asOverrides(model: TextModel, conversion: Conversion, layer: LayerRope): ConvertedConfig {
  const overrides = objectAt(conversion.keys, 'overrides_of_model_config') ?? {}
  const { keys, notes } = mergedKeys(model, { ...conversion, keys: overrides }, layer)
  const scaling = valueOf(model.config, 'rope_scaling') === undefined ? {} : { rope_scaling: null }
  return { ...conversion, keys: { overrides_of_model_config: { ...withoutUndefined(keys), ...scaling } }, notes }
}

/** The file with changes in the part that describes the text model. */
function withChanges(file: JsonObject, { path }: Pick<TextModel, 'path'>, keys: JsonObject): JsonObject {
  const [first, ...rest] = path
  if (first === undefined) return withoutUndefined({ ...file, ...keys })
  const part = objectAt(file, first) ?? {}
  return { ...file, [first]: withChanges(part, { path: rest }, keys) }
}
