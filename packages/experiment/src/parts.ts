import {
  nearestName,
  SkipwiseError,
  type HuggingFaceRope,
  type Interpolation,
  type PluginReference,
  type Registry,
  type RopeGeometry,
  type Tokenizer
} from '@skipwise/core'
import type { ModelConfig } from '@skipwise/checkpoints'
import type { ConversationRenderer } from '@skipwise/data'
import type { Architecture, ModelDefinition, PositionalEncoding } from '@skipwise/nn'
// the plugin kind `executor` is declared there
import type {} from '@skipwise/runtime'
import type { RecipeReference } from './recipe-schema.js'
import { shown } from './schema-words.js'
import { unsupported } from './unsupported-model.js'

/** The part of a registry that experiments use: plugins found by names that come from files. */
export type PluginLookup = Pick<Registry, 'resolveUnknown' | 'find' | 'list'>

/** What the RoPE keys of a `config.json` mean: a plugin with its configuration, and the geometry. */
export interface RopeReading {
  readonly name: string
  readonly config: Readonly<Record<string, unknown>>
  readonly geometry: RopeGeometry
  /** The file does not say whether its window is the one before or after the scaling: L_c is a guess. */
  readonly windowUnclear?: true
}

/** A scheme with its name and the geometry that it is written for. */
export interface RopeToWrite {
  readonly name: string
  readonly interpolation: Interpolation
  readonly geometry: RopeGeometry
}

/** Where plugins and the meaning of RoPE keys come from: the entry package knows them. */
export interface Collaborators {
  readonly registry: PluginLookup
  /** `readHuggingFaceRope` of @skipwise/interpolation. */
  readonly readRope: (
    config: ModelConfig,
    known?: { readonly rotaryDim: number; readonly window: number; readonly layerType?: string | undefined }
  ) => RopeReading
  /**
   * `writeHuggingFaceRope` of @skipwise/interpolation: the keys of a scheme for a model; without it they are those of
   * the scheme's own type, whether the model has that or not.
   */
  readonly writeRope?: ((config: ModelConfig, scheme: RopeToWrite) => HuggingFaceRope) | undefined
  /** `loadChatTemplate` of @skipwise/tokenizers, for data of messages; given a folder with a tokenizer. */
  readonly readChatTemplate?: ((folder: string) => Promise<ConversationRenderer>) | undefined
}

/**
 * The plugin that a recipe or a caller names.
 *
 * @throws SkipwiseError `PLUGIN_UNKNOWN` for what is neither a name nor one key with options
 */
export function toReference(reference: RecipeReference): PluginReference {
  if (typeof reference === 'string') return { name: reference }
  const entries = typeof reference === 'object' && reference !== null ? Object.entries(reference) : []
  if (entries.length !== 1)
    throw new SkipwiseError('PLUGIN_UNKNOWN', {
      problem: `expected the name of a plugin, or one key with its options, found ${shown(reference)}`,
      fix: "write 'name' or { name: { option: value } }"
    })
  const [[name, config]] = entries
  return { name, config }
}

/** The architecture that reads the `model_type` of a configuration. @throws SkipwiseError `MODEL_ARCHITECTURE` */
export function findArchitecture(registry: PluginLookup, config: ModelConfig): Architecture {
  const architectures = registry
    .list('architecture')
    .map(({ name }) => registry.resolveUnknown('architecture', { name }))
  const type = String(config['model_type'])
  const found = architectures.find(architecture => architecture.modelTypes.includes(type))
  if (found) return found
  const reason = unsupported(config)
  if (reason)
    throw new SkipwiseError('MODEL_ARCHITECTURE', {
      problem: `no architecture reads the model_type '${type}': ${reason.problem}`,
      fix: `${reason.fix}, or add a plugin to skipwise.config.ts`
    })
  const known = architectures.flatMap(architecture => architecture.modelTypes)
  const nearest = nearestName(type, known)
  throw new SkipwiseError('MODEL_ARCHITECTURE', {
    problem: `no architecture reads the model_type '${type}'${nearest ? `; the nearest is '${nearest}'` : ''}`,
    fix: `use a model of one of ${known.join(', ')}, or add a plugin to skipwise.config.ts`
  })
}

/** A model with what its attention needs to know of positions. */
export interface DefinedModel {
  readonly model: ModelDefinition
  readonly encoding: PositionalEncoding
  readonly rope: RopeReading
}

/**
 * The model of a `config.json`, by the architecture that reads its `model_type`; the RoPE keys are read for the rotary
 * dimensions and the window that the architecture finds, whatever it calls them.
 *
 * @param hint what a person calls the model, for files that leave something open
 * @param architecture if it is known
 * @throws SkipwiseError `MODEL_ARCHITECTURE`, `ARCHITECTURE_CONFIG`, `PLUGIN_UNKNOWN`, and what reading the RoPE keys
 * throws
 */
export function defineModel(
  config: ModelConfig,
  { registry, readRope }: Collaborators,
  hint?: string,
  architecture = findArchitecture(registry, config)
): DefinedModel {
  const model = architecture.define(config, hint)
  const { rotaryDim, maxPositionEmbeddings, localRopeBase } = model.geometry
  const encoding = registry.resolveUnknown('positional-encoding', { name: model.positionalEncoding })
  const rope = readRope(config, {
    rotaryDim: rotaryDim || 2,
    window: maxPositionEmbeddings,
    // layers with a local RoPE keep it
    layerType: localRopeBase === undefined ? undefined : 'full_attention'
  })
  return { model, encoding, rope }
}

/**
 * Loads the tokenizer whose files lie in `folder`, by the first registered plugin that accepts them: tokenizer.json
 * goes before tokenizer.model.
 *
 * @throws SkipwiseError `MODEL_TOKENIZER`, and what loading throws
 */
export async function findTokenizer(registry: PluginLookup, folder: string): Promise<Tokenizer> {
  const plugins = registry.list('tokenizer')
  for (const { name } of plugins) {
    const loader = registry.resolveUnknown('tokenizer', { name })
    if (await loader.accepts(folder)) return loader.load(folder)
  }
  throw new SkipwiseError('MODEL_TOKENIZER', {
    problem: `${folder} has no tokenizer that ${plugins.map(plugin => plugin.name).join(', ')} can read`,
    fix: 'put tokenizer.json or tokenizer.model next to the model'
  })
}
