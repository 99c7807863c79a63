import {
  recordEvaluations,
  recordShards,
  type EvaluationRecord,
  type EvaluationShard,
  type RecordOptions,
  type ShardOf
} from '@skipwise/evaluation'
import type { Interpolation, LanguageModel, RopeGeometry } from '@skipwise/core'
import { createLanguageModel, type LanguageModelSetup } from '@skipwise/inference'
import type { Executor } from '@skipwise/runtime'
import { frequenciesOf, openModelFolder, type ModelSource } from './model-source.js'
import type { Collaborators } from './parts.js'
import { StorageError, type WeightType } from './weight-types.js'

/** How {@link openLanguageModel} opens a model. */
export interface OpenLanguageModelOptions {
  /** What results call the model. */
  readonly name: string
  /** Runs the model; stays the caller's. */
  readonly executor: Executor
  readonly interpolation: Pick<Interpolation, 'frequencies'>
  /** Of the RoPE; default that of the model's `config.json`. */
  readonly geometry?: RopeGeometry | undefined
  /** Every parameter, row-major float32; read once. */
  readonly weights: LanguageModelSetup['weights']
  /** The window, tokens; default that of the model. */
  readonly maxLength?: number | undefined
  /** Accept sequences of this length, also beyond the window; default the window. */
  readonly lengthLimit?: number | undefined
}

/**
 * A language model from an opened folder, with weights and a RoPE of its own.
 *
 * @throws SkipwiseError `INFERENCE_WEIGHTS`
 */
export function openLanguageModel(
  { model, encoding, tokenizer, rope }: Pick<ModelSource, 'model' | 'encoding' | 'tokenizer' | 'rope'>,
  options: OpenLanguageModelOptions
): Promise<LanguageModel> {
  const { name, executor, interpolation, geometry = rope.geometry, weights } = options
  const { maxLength = model.geometry.maxPositionEmbeddings, lengthLimit = maxLength } = options
  return createLanguageModel({
    name,
    model,
    encoding,
    executor,
    tokenizer,
    frequencies: frequenciesOf(interpolation, { geometry }),
    weights,
    maxLength,
    lengthLimit
  })
}

/** How {@link loadLanguageModel} opens a model. */
export interface LoadLanguageModelOptions extends Pick<OpenLanguageModelOptions, 'executor' | 'lengthLimit'> {
  /** What results call the model; default the folder as given. */
  readonly name?: string | undefined
  /** How matrices lie in memory; default float32. */
  readonly weights?: WeightType | undefined
  /** Notes what storing does to numbers that it changes. */
  readonly storageError?: StorageError | undefined
}

/**
 * A language model from a Hugging Face folder, with the RoPE of its `config.json`. Weights go to the executor one by
 * one: at most one tensor is in memory besides those.
 *
 * @throws SkipwiseError as {@link openModelFolder}
 */
export async function loadLanguageModel(
  folder: string,
  parts: Collaborators,
  { name = folder, weights: type, storageError, ...options }: LoadLanguageModelOptions
): Promise<LanguageModel> {
  const source = await openModelFolder(folder, parts)
  const interpolation = parts.registry.resolveUnknown('interpolation', source.rope)
  const open = (weights: LanguageModelSetup['weights']) =>
    openLanguageModel(source, { name, interpolation, weights, ...options })
  return source.withWeights(open, type, storageError)
}

/**
 * A model folder as a suite sees it, without weights: what puts shards of an evaluation together computes nothing.
 *
 * @returns a model whose `score` and `generate` throw
 * @throws SkipwiseError as {@link openModelFolder}
 */
export async function describeLanguageModel(
  folder: string,
  parts: Collaborators,
  name: string = folder
): Promise<LanguageModel> {
  const { model, tokenizer } = await openModelFolder(folder, parts)
  const compute = () => {
    throw new TypeError('this model has no weights')
  }
  return {
    name,
    tokenizer,
    vocabSize: model.geometry.vocabSize,
    maxLength: model.geometry.maxPositionEmbeddings,
    score: compute,
    generate: compute,
    dispose() {}
  }
}

/** How {@link evaluateFolder} evaluates. */
export interface EvaluateFolderOptions extends Omit<RecordOptions, 'registry' | 'open' | 'executor' | 'weights'> {
  readonly parts: Collaborators
  /** Runs the model; stays the caller's. */
  readonly executor: Executor
  /** How matrices lie in memory; default float32. */
  readonly weights?: WeightType | undefined
}

/**
 * Evaluates a Hugging Face model folder by some suites, of any length also beyond its window: they show how it fails
 * there. See `recordEvaluations`.
 *
 * @throws SkipwiseError what opening the model and `recordEvaluations` throw; `signal.reason` when aborted
 */
export function evaluateFolder(options: EvaluateFolderOptions): Promise<EvaluationRecord[]> {
  return recordEvaluations(recordOptions(options))
}

/**
 * The same of one shard of `of`: files for {@link evaluateFolder}'s results that `mergeShards` makes of all shards.
 *
 * @throws SkipwiseError what opening the model and `recordShards` throw; `signal.reason` when aborted
 */
export function evaluateShard(options: EvaluateFolderOptions, shard: ShardOf): Promise<EvaluationShard[]> {
  return recordShards(recordOptions(options), shard)
}

function recordOptions({ parts, weights: type = 'float32', ...options }: EvaluateFolderOptions): RecordOptions {
  const { folder, name, executor } = options
  const storageError = new StorageError()
  const open = () =>
    loadLanguageModel(folder, parts, { name, executor, weights: type, storageError, lengthLimit: Infinity })
  const weights = type === 'float32' ? undefined : { type, relativeError: () => storageError.relative }
  return { ...options, registry: parts.registry, open, weights }
}
