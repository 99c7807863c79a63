import { digestOfJson, type ModelConfig } from '@skipwise/checkpoints'
import type { Window } from '@skipwise/core'
import type { CompleteTrainingOptions } from '@skipwise/training'
import type { Recipe } from '../recipe-schema.js'
import { trainSeedOf, type ExperimentKind } from './context.js'

/** What decides the weights of a run. */
export interface RunKeyParts {
  readonly kind: ExperimentKind
  /** Of its keys, those that name what the others do not hold. */
  readonly recipe: Recipe
  readonly window: Window
  readonly training: CompleteTrainingOptions
  readonly dataDigest: string
  /** Data type of the weights as they are kept, where the recipe names none. */
  readonly dtype: string
  /** `config.json` of the model to be written. */
  readonly config: ModelConfig
  /** Digest of the weights to start from. */
  readonly weights: string
  readonly tokenizer: string | undefined
}

/**
 * Digest of everything that decides the weights: a run goes on from a state of this key alone. Which keys of a recipe
 * change it, and which do not, is tested one by one.
 */
export function runKeyOf({
  kind,
  recipe,
  window,
  training,
  dataDigest,
  dtype,
  config,
  weights,
  tokenizer
}: RunKeyParts): string {
  return digestOfJson({
    version: 1,
    kind,
    window,
    dataDigest,
    trainSeed: trainSeedOf(recipe),
    options: numericOptions(training),
    dtype: recipe.dtype ?? dtype,
    config,
    positions: recipe.positions ?? null,
    executor: recipe.executor,
    weights,
    tokenizer: tokenizer ?? null,
    validate: recipe.train.validate
  })
}

/**
 * The options that numbers depend on. A guard decides at a spike alone, and what it decided is in the state: a run may
 * go on under another. Strategies give the same numbers but for one, which draws chunks.
 */
function numericOptions({
  checkpointEvery: _,
  memoryLimit: _limit,
  guard: _guard,
  strategy,
  chunkwise,
  ...exact
}: CompleteTrainingOptions) {
  return { ...exact, spaco: strategy === 'spaco' ? chunkwise : undefined }
}

/** Digest of a run with its evaluations: what an output folder is the result of. */
export const resultKeyOf = (runKey: string, { evaluate, seed, train: { guard } }: Recipe): string =>
  digestOfJson([runKey, evaluate, seed, ...(guard ? [guard] : [])])
