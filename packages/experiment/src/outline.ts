import type { ModelConfig } from '@skipwise/checkpoints'
import type { EvalSuite, Tokenizer, Window } from '@skipwise/core'
import type { ModelDefinition } from '@skipwise/nn'
import { bytesOf, storedSpecs, type StorageName } from '@skipwise/runtime'
import {
  operationsPerToken,
  planMemory,
  plannedStrategy,
  type CompleteTrainingOptions,
  type MemoryPlan,
  type StrategyName
} from '@skipwise/training'
import { Collector } from './collector.js'
import type { ModelFacts } from './model-source.js'
import { defineModel } from './parts.js'
import type { Recipe } from './recipe-schema.js'
import { outputOf, windowOf, type ResolveContext, type ResolveOptions } from './resolve/context.js'
import {
  checkTransform,
  checkVerb,
  executorOf,
  fewestTokens,
  suitesOf,
  trainingOf,
  transformOf,
  validationOf
} from './resolve/method.js'
import { checkModel } from './resolve/model.js'
import { baseOf } from './resolve/resolve.js'
import { ropeOf } from './resolve/rope.js'
import { recipeWithTokenCounts } from './token-counts.js'
import { trainerSetup, type TrainedParts } from './trainer-setup.js'

/** What {@link outlineRecipe} needs besides the recipe. */
export interface OutlineOptions extends Omit<ResolveOptions, 'inputs'> {
  /** `config.json` of the model that the recipe names. */
  readonly config: ModelConfig
  /** Name of the model, for files that leave something open. */
  readonly name?: string | undefined
  /** Its tokenizer, where it is known. */
  readonly tokenizer?: Pick<Tokenizer, 'vocabSize'> | undefined
}

/** What a run of a recipe would be, known without the weights and the documents. */
export interface RecipeOutline {
  readonly window: Window
  readonly model: ModelDefinition
  readonly rope: TrainedParts['rope']
  /** `config.json` of the model to be written. */
  readonly config: ModelConfig
  readonly options: CompleteTrainingOptions
  readonly suites: readonly EvalSuite[]
  /** T: tokens of an example. */
  readonly exampleLength: number
  /** Fewest tokens of a document that an example can be made of. */
  readonly fewestTokens: number
  readonly plan: MemoryPlan
  /** Bytes of `plan.process` that are weights to be read. */
  readonly unread: number
  /** Floating-point operations of the whole training by a strategy: a count by formula, not a measurement. */
  operations(strategy: StrategyName): number
  /** The strategy of the plan. @throws SkipwiseError `TRAINING_MEMORY` with what would fit, where none does */
  strategy(): StrategyName
}

/**
 * Checks a recipe against the `config.json` of its model and plans its memory, as a run would, but reads no weights and
 * no documents: so it can be asked about a model that has not been downloaded.
 *
 * @throws SkipwiseErrors what is wrong with the recipe for this model
 */
export async function outlineRecipe(given: Recipe, options: OutlineOptions): Promise<RecipeOutline> {
  const recipe = recipeWithTokenCounts(given, options.registry)
  const collect = new Collector(options.document)
  const window = windowOf(recipe, options.kind)
  const context: ResolveContext = {
    ...options,
    recipe,
    window,
    output: outputOf(recipe, options.baseFolder),
    state: undefined
  }
  await collect.part(() => checkVerb(context))
  const training = await collect.part(() => trainingOf(context))
  const transform = await collect.part(() => transformOf(context))
  const loader = await collect.part(() => executorOf(context))
  const suites = await collect.part(() => suitesOf(context))
  await collect.part(() => validationOf(context))
  const fewest = transform && (await collect.part(() => fewestTokens(context, transform)))
  if (transform && fewest !== undefined) await collect.part(() => checkTransform(context, transform, fewest))
  const source = await collect.attempt(['model'], () => factsOf(options))
  await collect.part(() => checkModel(context, source, training))
  const rope = source && (await collect.part(() => ropeOf(context, source)))
  if (collect.hasErrors || !training || !transform || !loader || !suites || !source || !rope) throw collect.all

  const { stored, bytes } = weightsOf(recipe, source.model, training)
  const exampleLength = transform.exampleLength?.(window) ?? window.original
  const packed = ('sources' in recipe.data ? recipe.data.sources : [recipe.data]).some(({ pack }) => pack === true)
  const executor = await loader.open()
  try {
    const setup = trainerSetup(
      { source, rope: rope.rope, window, options: training, exampleLength, stored, packed },
      executor
    )
    const plan = planMemory(setup, bytes)
    return {
      window,
      model: source.model,
      ...rope,
      options: training,
      suites,
      exampleLength,
      fewestTokens: fewest ?? 1,
      plan,
      unread: bytes,
      operations: strategy =>
        training.steps *
        training.batch *
        exampleLength *
        operationsPerToken(source.model, training, exampleLength, strategy),
      strategy: () => plannedStrategy(plan, setup, bytes)
    }
  } finally {
    await executor.dispose()
  }
}

function factsOf({ config, name, tokenizer, ...parts }: OutlineOptions): ModelFacts {
  const named = config['torch_dtype'] ?? config['dtype']
  const dtype = named === 'float16' || named === 'float32' ? named : 'bfloat16'
  return { folder: name ?? '', config, tokenizer, dtype, ...defineModel(config, parts, name) }
}

/** How the weights of a model will lie in memory, and how much they take. */
function weightsOf(recipe: Recipe, model: ModelDefinition, training: CompleteTrainingOptions) {
  const of = baseOf(recipe, model, training)
  const stored = new Map<string, StorageName>()
  let bytes = 0
  for (const parameter of model.parameters) {
    const storage = of(parameter)
    if (storage === 'float32') {
      bytes += bytesOf({ shape: parameter.shape, dtype: 'float32' })
      continue
    }
    stored.set(parameter.name, storage)
    const { codes, scales } = storedSpecs(storage, parameter.shape)
    bytes += bytesOf(codes) + (scales ? bytesOf(scales) : 0)
  }
  return { stored, bytes }
}
