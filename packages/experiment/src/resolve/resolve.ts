import { isHubReference } from '@skipwise/hub'
import type { ModelDefinition } from '@skipwise/nn'
import { trainedParameters, type CompleteTrainingOptions } from '@skipwise/training'
import { resolve } from 'node:path'
import type { Experiment } from './experiment.js'
import { Collector } from '../collector.js'
import { digestOfWeights } from '../digest.js'
import { createExamples } from '../examples.js'
import type { Recipe } from '../recipe-schema.js'
import { claimStateFolder } from '../state-folder.js'
import { recipeWithTokenCounts } from '../token-counts.js'
import { StorageError, storageOf, type StorageOf } from '../weight-types.js'
import { checkOutput } from '../stored-output.js'
import { outputOf, trainSeedOf, windowOf, type ResolveContext, type ResolveOptions } from './context.js'
import { checkData, conversationsOf, dataOf } from './data.js'
import {
  checkTransform,
  checkVerb,
  executorOf,
  fewestTokens,
  suitesOf,
  trainingOf,
  transformOf,
  validationOf
} from './method.js'
import { checkModel, isOpenable, modelOf, modelReference } from './model.js'
import { ropeOf } from './rope.js'
import { resultKeyOf, runKeyOf } from './run-key.js'

/**
 * Finds every part that a recipe names, and checks them against one another before any work: all problems are reported
 * together. Then reads weights and documents. The state folder is taken before that: of two runs with one output the
 * second stops here.
 *
 * @throws SkipwiseErrors with codes of this package, `PLUGIN_UNKNOWN`, `PLUGIN_CONFIG`, and what reading the model and
 * the data throws
 */
export async function resolveRecipe(given: Recipe, options: ResolveOptions): Promise<Experiment> {
  const recipe = recipeWithTokenCounts(given, options.registry)
  const collect = new Collector(options.document)
  const output = outputOf(recipe, options.baseFolder)
  const isPossible = await collect.attempt(['output'], () => checkOutput(output).then(() => true))
  const inputs = [...(options.inputs ?? []), ...localInputs(recipe, options.baseFolder)]
  // an output that is wrong has no state
  const state =
    isPossible && !collect.isDoubtful(['output'])
      ? await collect.attempt(['output'], () => claimStateFolder(`${output}.training`, inputs))
      : undefined
  try {
    const window = windowOf(recipe, options.kind)
    return await resolveParts({ ...options, recipe, window, output, state }, collect)
  } catch (error) {
    await state?.release()
    throw error
  }
}

/** How the weights to start from lie in memory: only frozen ones at rest. */
export function baseOf(
  { train }: Recipe,
  model: Pick<ModelDefinition, 'parameters'>,
  training: CompleteTrainingOptions
): StorageOf {
  const frozen = new Set(trainedParameters(model, training).frozen.map(({ name }) => name))
  const of = storageOf(train.base ?? 'float32')
  return parameter => (frozen.has(parameter.name) ? of(parameter) : 'float32')
}

/** Folders of this machine that a recipe reads. */
function localInputs(recipe: Recipe, baseFolder: string): string[] {
  const named = modelReference(recipe)
  return isHubReference(named) ? [] : [resolve(baseFolder, named)]
}

async function resolveParts(context: ResolveContext, collect: Collector): Promise<Experiment> {
  const { kind, recipe, baseFolder, registry, readRope, writeRope, readChatTemplate, window, output, state, progress } =
    context
  await collect.part(() => checkVerb(context))
  const training = await collect.part(() => trainingOf(context))
  const transform = await collect.part(() => transformOf(context))
  const executor = await collect.part(() => executorOf(context))
  const suites = await collect.part(() => suitesOf(context))
  const validation = await collect.part(() => validationOf(context))
  const fewest = transform && (await collect.part(() => fewestTokens(context, transform)))
  if (transform && fewest !== undefined) await collect.part(() => checkTransform(context, transform, fewest))
  await collect.part(() => checkData(context, transform, fewest))
  // a model is not downloaded for a recipe that is wrong anyway
  const source = isOpenable(recipe, collect) ? await collect.part(() => modelOf(context)) : undefined
  await collect.part(() => checkModel(context, source, training))
  const rope = source && (await collect.part(() => ropeOf(context, source)))
  const conversations = source && (await collect.part(() => conversationsOf(context, source)))
  if (collect.hasErrors || !training || !transform || !executor || !suites || !source || !rope || !state)
    throw collect.all

  const documents = await collect.part(() => dataOf(context, source, state, fewest || 1, conversations))
  const error = new StorageError()
  const of = baseOf(recipe, source.model, training)
  const weights = await collect.attempt(['model'], () => source.weights(progress, { of, error }))
  if (collect.hasErrors || !documents || !weights) throw collect.all

  const { data, dataDigest } = documents
  const runKey = runKeyOf({
    kind,
    recipe,
    window,
    training,
    dataDigest,
    dtype: source.dtype,
    config: rope.config,
    weights: await digestOfWeights(weights, progress),
    tokenizer: source.tokenizer.digest
  })
  await checkOutput(output, resultKeyOf(runKey, recipe))
  const total = training.steps * training.batch
  const example = createExamples(data, transform, window, trainSeedOf(recipe), total)
  // a transform by which prompts cannot be masked is found out before any work
  if (data.some(({ corpus }) => corpus.learned(0))) example(0)
  return {
    kind,
    recipe,
    baseFolder,
    parts: { registry, readRope, writeRope, readChatTemplate },
    source,
    window,
    ...rope,
    data,
    dataDigest,
    suites,
    executor,
    weights,
    storageError: error.relative,
    output,
    state,
    stateFolder: state.path,
    runKey,
    baseInterpolation: registry.resolveUnknown('interpolation', source.rope),
    example,
    exampleLength: transform.exampleLength?.(window) ?? window.original,
    options: training,
    validation,
    dtype: recipe.dtype ?? source.dtype
  }
}
