import { lengthAt, required, valueOf, type JsonObject } from './json-keys.js'
import type { ModelType } from './model-type.js'
import { modelTypes } from './model-types.js'
import { formerNames, ownCodeTypes } from './own-code-types.js'

/** The part of a `config.json` that describes the text model, with what is known of its type. */
export interface TextModel {
  /** Its keys. */
  readonly config: JsonObject
  /** Their path in the file; `[]` at the top. */
  readonly path: readonly string[]
  /** `model_type` as the file has it. */
  readonly name: string | undefined
  /** undefined for an unknown type: its keys are read as those of a LLaMA. */
  readonly type: ModelType | undefined
  /** What the model has instead of RoPE (`ALiBi`, `learned positions`, …); undefined for a model with RoPE. */
  readonly positions: string | undefined
}

/** Where files of several models keep the keys of the text model. */
const TEXT_PATHS: readonly (readonly string[])[] = [
  ['text_config'],
  ['llm_config'],
  ['language_config'],
  ['thinker_config', 'text_config'],
  ['thinker_config']
]

/** What is known of a `model_type`, under its present or a former name. */
function modelTypeOf(name: string | undefined): ModelType | undefined {
  if (name === undefined) return undefined
  const present = Object.hasOwn(formerNames, name) ? formerNames[name] : name
  for (const types of [modelTypes, ownCodeTypes]) {
    if (Object.hasOwn(types, present)) return types[present]
  }
  return undefined
}

/** The text model of a `config.json`: the file itself, or the part that describes it. */
export function textModelOf(file: JsonObject): TextModel {
  const outer = nameIn(file)
  for (const path of TEXT_PATHS) {
    const config = partAt(file, path)
    if (config === undefined) continue
    const name = nameIn(config) ?? modelTypeOf(outer)?.text
    return textModel(config, path, name)
  }
  return textModel(file, [], outer)
}

function textModel(config: JsonObject, path: readonly string[], name: string | undefined): TextModel {
  const own = modelTypeOf(name)
  // files of transformers 4 have the text keys of such models at the top
  const type = own?.text === undefined ? own : modelTypeOf(own.text)
  return { config, path, name, type, positions: positionsOf(config, name, type) }
}

/** A part of the file that is not empty. */
function partAt(file: JsonObject, path: readonly string[]): JsonObject | undefined {
  let part: unknown = file
  for (const key of path) part = isObject(part) ? valueOf(part, key) : undefined
  return isObject(part) && Object.keys(part).length > 0 ? part : undefined
}

/** Whether a value of JSON is an object, not a list. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function nameIn(config: JsonObject): string | undefined {
  const name = valueOf(config, 'model_type')
  return typeof name === 'string' ? name : undefined
}

/** Baichuan-13B is distinguished from 7B by its width, as in arch-baichuan. */
const BAICHUAN_13B_WIDTH = 5120

/** What the model has instead of RoPE, if anything. */
function positionsOf(config: JsonObject, name: string | undefined, type: ModelType | undefined): string | undefined {
  const kind = valueOf(config, 'position_embedding_type') ?? valueOf(config, 'position_embedding')
  if (kind === 'alibi' || valueOf(config, 'alibi') === true) return 'ALiBi'
  if (kind === 'nope') return 'no positions'
  if (name === 'baichuan' && kind !== 'rope' && valueOf(config, 'hidden_size') === BAICHUAN_13B_WIDTH) return 'ALiBi'
  const attention = valueOf(config, 'attn_config')
  if (name === 'mpt' && isObject(attention) && valueOf(attention, 'alibi') === false) return 'learned positions'
  return type?.positions
}

/** Names of the window, in tokens, in order of precedence. */
export const WINDOW_KEYS = [
  'max_position_embeddings',
  'n_positions',
  'max_seq_len',
  'seq_length',
  'model_max_length',
  'max_sequence_length',
  'n_ctx',
  'context_length'
] as const

/** The key of a file that holds the window, if one does. */
export const windowKeyOf = ({ config }: TextModel): string | undefined =>
  WINDOW_KEYS.find(key => valueOf(config, key) !== undefined)

/**
 * The window that a file states, in tokens, or that of the model's type.
 *
 * @throws SkipwiseError `ROPE_CONFIG_INVALID`
 */
export function windowOf(model: TextModel): number {
  const key = windowKeyOf(model)
  return required(key === undefined ? model.type?.window : lengthAt(model.config, key), 'max_position_embeddings')
}

/** The window of a model that may state none. */
export function statedWindowOf(model: TextModel): number | undefined {
  const key = windowKeyOf(model)
  const value = key === undefined ? model.type?.window : valueOf(model.config, key)
  return typeof value === 'number' ? value : undefined
}

/** Whether the first files of a type of model call longrope `su` or `yarn`. */
export const isPhi3 = (name: string | undefined): boolean => name === 'phi3' || name === 'phi4_multimodal'

/** Whether transformers runs a model by code that comes with the model. */
export const isOwnCode = (name: string): boolean => Object.hasOwn(ownCodeTypes, name)
