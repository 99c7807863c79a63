import { type Interpolation, type PluginReference } from '@skipwise/core'
import { objectAt, valueOf, type JsonObject } from '../json-keys.js'
import { readHuggingFaceRopes, type HuggingFaceRopeReading } from '../read-hugging-face.js'
import { inexpressible, type Conversion, type RopeSource, type Stack } from './conversion.js'
import { toAxolotl } from './to-axolotl.js'
import { toLitgpt } from './to-litgpt.js'
import { toLlamaCpp } from './to-llama-cpp.js'
import { toTransformers, type TransformersOptions } from './to-transformers.js'
import { toVllm } from './to-vllm.js'

/** How {@link convertConfig} converts. */
export interface ConvertOptions extends TransformersOptions {
  readonly to: Stack
  /** The scheme that the weights were trained with, where the file names another; its lengths and base still come from the file. */
  readonly scheme?: PluginReference
  /** L_t in tokens, instead of the file's L_c × factor. */
  readonly targetLength?: number
}

/** What {@link convertConfig} gives. */
export interface ConvertedConfig extends Conversion {
  /** transformers and vLLM: the whole `config.json`, in which nothing but the RoPE changed. */
  readonly config?: Readonly<Record<string, unknown>>
}

/** Keys of a rope object that are the model's and not a scheme's: they are kept. */
const MODEL_KEYS = ['partial_rotary_factor', 'mrope_section', 'mrope_interleaved']

/**
 * Carries the RoPE of a `config.json` into a stack: for transformers and vLLM the changed file, for the others their own keys. The
 * frequencies and the attention factor stay what they are at every length, or it throws.
 *
 * @param config the parsed file; nothing in it is trusted
 * @param resolve a plugin of kind `interpolation` by name, for instance of a registry
 * @throws SkipwiseError `ROPE_INEXPRESSIBLE`, `INTERPOLATION_EXPORT`, those of {@link readHuggingFaceRopes} and of `resolve`
 *
 * @example
 * ```ts
 * const resolve = (reference: PluginReference) => registry.resolveUnknown('interpolation', reference)
 * const { config } = convertConfig(poseConfig, { to: 'transformers', scheme: { name: 'yarn-revised' } }, resolve)
 * ```
 */
export function convertConfig(config: Readonly<Record<string, unknown>>, options: ConvertOptions, resolve: (reference: PluginReference) => Interpolation): ConvertedConfig {
  const layers = readHuggingFaceRopes(config)
  const [{ layerType, reading }] = layers
  if (layerType === undefined && reading) return convertSingle(config, reading, options, resolve)
  const { to } = options
  if (to === 'llama.cpp' || to === 'litgpt' || options.keys === 'old') {
    throw inexpressible(to, 'a RoPE per layer type has no keys there', 'use transformers 5 or vLLM with their new keys')
  }
  const converted = layers.map(layer => ({
    layerType: layer.layerType as string,
    conversion: layer.reading && convertSingle(layerConfig(config, layer.layerType as string), layer.reading, { ...options, to: to === 'axolotl' ? 'transformers' : to, keys: 'new' }, resolve)
  }))
  const rope_parameters = Object.fromEntries(converted.map(layer => [layer.layerType, layer.conversion ? layer.conversion.keys['rope_parameters'] : null]))
  const notes = [...new Set(converted.flatMap(({ conversion }) => conversion?.notes ?? []))]
  const windows = converted.flatMap(({ conversion }) => (conversion ? [conversion.keys['max_position_embeddings'] as number] : []))
  const keys = { rope_parameters, rope_scaling: undefined, rope_theta: undefined, rope_local_base_freq: undefined, max_position_embeddings: Math.max(...windows) }
  if (to === 'axolotl') return { stack: to, keys: { overrides_of_model_config: { rope_parameters, max_position_embeddings: keys.max_position_embeddings } }, notes }
  return { stack: to, keys: defined(keys), config: defined({ ...config, ...keys }), notes }
}

/** What the file says of one layer type, as a file of its own. */
function layerConfig(config: JsonObject, layerType: string): JsonObject {
  const { rope_parameters, rope_scaling: _, ...rest } = config
  return { ...rest, rope_parameters: valueOf((rope_parameters ?? {}) as JsonObject, layerType) }
}

function convertSingle(config: JsonObject, reading: HuggingFaceRopeReading, options: ConvertOptions, resolve: (reference: PluginReference) => Interpolation): ConvertedConfig {
  const { to, scheme = reading, targetLength } = options, modelType = valueOf(config, 'model_type'), means = targetLength ?? reading.geometry.targetLength
  const source: RopeSource = {
    name: scheme.name,
    interpolation: resolve({ name: scheme.name, config: scheme.config }),
    geometry: { ...reading.geometry, targetLength: means },
    // a longer window than the factor means, as LLaMA 3.1 has it, stays
    window: Math.max(targetLength === undefined ? fileWindow(config) : 1, Math.round(means)),
    ...(typeof modelType === 'string' ? { modelType } : {})
  }
  const conversion = convertSource(source, to, options)
  if (to === 'transformers' || to === 'vllm') return mergeInto(config, conversion, reading)
  return to === 'axolotl' ? asOverrides(config, conversion, reading) : conversion
}

function convertSource(source: RopeSource, to: Stack, options: ConvertOptions): Conversion {
  switch (to) {
    case 'transformers': return toTransformers(source, options)
    case 'vllm': return toVllm(source, options.asLongrope)
    case 'axolotl': return toAxolotl(source, options.asLongrope)
    case 'llama.cpp': return toLlamaCpp(source)
    case 'litgpt': return toLitgpt(source)
  }
}

/** The file with the RoPE keys of a conversion, the window that they mean, and what of the old ones belongs to the model. */
function mergeInto(config: JsonObject, conversion: Conversion, { name }: HuggingFaceRopeReading): ConvertedConfig {
  const before = { ...objectAt(config, 'rope_parameters'), ...objectAt(config, 'rope_scaling') }, written = (conversion.keys['rope_parameters'] ?? conversion.keys['rope_scaling'] ?? {}) as JsonObject
  const kept = Object.fromEntries(MODEL_KEYS.filter(key => valueOf(before, key) !== undefined && !(key in written) && !(key === 'partial_rotary_factor' && name === 'proportional')).map(key => [key, before[key]]))
  const withKept = (rope: unknown) => (rope ? { ...(rope as object), ...kept } : rope)
  const oldWindow = fileWindow(config), window = conversion.keys['max_position_embeddings']
  // transformers reads it at the top first, so one that stands there follows or goes
  const originalAtTop = valueOf(config, 'original_max_position_embeddings') === undefined ? {} : { original_max_position_embeddings: written['original_max_position_embeddings'] }
  const keys = {
    ...conversion.keys,
    rope_parameters: withKept(conversion.keys['rope_parameters']),
    rope_scaling: conversion.keys['rope_scaling'] === null ? null : withKept(conversion.keys['rope_scaling']),
    ...originalAtTop
  }
  const dropped = Object.keys(before).filter(key => !(key in written) && !(key in kept) && !['type', 'rope_type', 'finetuned'].includes(key))
  const notes = [
    ...conversion.notes,
    ...(window === oldWindow ? [] : [`max_position_embeddings is ${window as number} now, the window that the keys mean; it was ${oldWindow}`]),
    ...(dropped.length ? [`these keys of the old RoPE are gone: ${dropped.join(', ')}`] : [])
  ]
  return { ...conversion, keys: defined(keys), config: defined({ ...config, ...keys }), notes }
}

/** Overrides replace whole keys of the file, and transformers prefers its `rope_scaling` to any `rope_parameters`: it must go. */
function asOverrides(config: JsonObject, conversion: Conversion, reading: HuggingFaceRopeReading): ConvertedConfig {
  const { keys, notes } = mergeInto(config, { ...conversion, keys: conversion.keys['overrides_of_model_config'] as JsonObject }, reading)
  return { ...conversion, keys: { overrides_of_model_config: { ...keys, ...(valueOf(config, 'rope_scaling') === undefined ? {} : { rope_scaling: null }) } }, notes }
}

const defined = (object: Record<string, unknown>) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))

/** The window of a file that has been read: it is there. */
const fileWindow = (config: JsonObject) => (valueOf(config, 'max_position_embeddings') ?? valueOf(config, 'n_positions')) as number
