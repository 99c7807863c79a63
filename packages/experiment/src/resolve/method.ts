import {
  isSkipwiseError,
  SkipwiseError,
  type EvalSuite,
  type PluginReference,
  type PositionTransform,
  type Window
} from '@skipwise/core'
import { lengthsBeyond } from '@skipwise/evaluation'
import type { ExecutorLoader } from '@skipwise/runtime'
import { completeOptions, type CompleteTrainingOptions, type StrategyOption } from '@skipwise/training'
import { Collector } from '../collector.js'
import { toReference } from '../parts.js'
import type { RecipePath } from '../recipe-places.js'
import type { Recipe } from '../recipe-schema.js'
import type { ValidationPlan } from './experiment.js'
import { betterOf } from '../validation.js'
import { trainSeedOf, type ResolveContext } from './context.js'

/** The recipe asks for what its command does. @throws SkipwiseErrors `RECIPE_VERB` */
export function checkVerb({ recipe, kind, document }: ResolveContext): void {
  const check = Collector.ofPart(document)
  const { target } = recipe.window
  if (kind === 'extend') {
    if (target === undefined)
      check.add(['window', 'target'], [verbError('extend needs window.target', 'add it, or use `skipwise train`')])
    if (typeof recipe.model !== 'string')
      check.add(
        ['model'],
        [
          verbError(
            'extend needs a trained model, but the recipe describes a new one',
            'set model to a folder, or use `skipwise train`'
          )
        ]
      )
  } else {
    if (target !== undefined)
      check.add(
        ['window', 'target'],
        [
          verbError(
            "train keeps the model's window, but the recipe has window.target",
            'remove it, or use `skipwise extend`'
          )
        ]
      )
    if (recipe.interpolation !== undefined)
      check.add(
        ['interpolation'],
        [
          verbError(
            "train keeps the model's RoPE, but the recipe has interpolation",
            'remove it, or use `skipwise extend`'
          )
        ]
      )
  }
  check.end()
}

const verbError = (problem: string, fix: string) => new SkipwiseError('RECIPE_VERB', { problem, fix })

/** Hyperparameters, complete. @throws SkipwiseErrors `TRAINING_OPTIONS` */
export async function trainingOf({ recipe, document }: ResolveContext): Promise<CompleteTrainingOptions> {
  const check = Collector.ofPart(document)
  const { seed: _, base: _base, lora, validate: _validate, strategy, ...given } = recipe.train
  const seed = trainSeedOf(recipe)
  const training = await check.attempt(['train'], () =>
    completeOptions({
      ...given,
      strategy: strategy && seeded(strategy, seed),
      lora: lora && { ...lora, seed }
    })
  )
  return check.end({ training }).training
}

/** A strategy with the seed of what it draws. */
const seeded = (strategy: NonNullable<Recipe['train']['strategy']>, seed: number): StrategyOption =>
  typeof strategy === 'object' && 'spaco' in strategy ? { spaco: { ...strategy.spaco, seed } } : strategy

/** The position transform. @throws SkipwiseErrors `PLUGIN_UNKNOWN`, `PLUGIN_CONFIG` */
export async function transformOf({ recipe, kind, registry, document }: ResolveContext): Promise<PositionTransform> {
  const check = Collector.ofPart(document)
  const named = recipe.positions ?? (kind === 'extend' ? 'pose' : 'contiguous')
  const transform = await check.attempt(['positions'], () =>
    registry.resolveUnknown('position-transform', toReference(named))
  )
  return check.end({ transform }).transform
}

/**
 * The fewest tokens that a document of an example has.
 *
 * @returns undefined where the windows are the wrong way round: that is said of the windows, and not of every part that
 * is given them
 * @throws SkipwiseErrors what the transform throws at these windows
 */
export async function fewestTokens(
  { window, document }: ResolveContext,
  transform: PositionTransform
): Promise<number | undefined> {
  if (window.target < window.original) return undefined
  const check = Collector.ofPart(document)
  const fewest = await check.attempt(['window'], () => transform.minimumTokens(window), [['positions']])
  return check.end({ fewest }).fewest
}

/**
 * Windows that a position transform cannot serve are known to it when it makes an example: it makes one, of a document
 * of zeros.
 *
 * @throws SkipwiseErrors `POSITIONS_WINDOW`
 */
export function checkTransform(
  { window, document }: ResolveContext,
  transform: PositionTransform,
  fewest: number
): void {
  const check = Collector.ofPart(document)
  check.add(['window'], problemsOfPositions(transform, window, fewest), [['positions']])
  check.end()
}

function problemsOfPositions(transform: PositionTransform, window: Window, fewest: number): SkipwiseError[] {
  try {
    transform.example(new Int32Array(fewest), window, { seed: 0, epoch: 0, index: 0 })
  } catch (error) {
    // what it says of the document is about these zeros, not about the recipe's data
    if (isSkipwiseError(error) && error.code === 'POSITIONS_WINDOW') return [error]
    if (!isSkipwiseError(error)) throw error
  }
  return []
}

/** What runs the model. @throws SkipwiseErrors `EXECUTOR_UNAVAILABLE`, `PLUGIN_UNKNOWN`, `PLUGIN_CONFIG` */
export async function executorOf({ recipe, registry, document }: ResolveContext): Promise<ExecutorLoader> {
  const check = Collector.ofPart(document)
  const executor = await check.attempt(['executor'], () =>
    registry.resolveUnknown('executor', toReference(recipe.executor))
  )
  const reason = await executor?.unavailable()
  if (reason !== undefined) check.add(['executor'], [unavailable(reason)])
  return check.end({ executor }).executor
}

const unavailable = (reason: string) =>
  new SkipwiseError('EXECUTOR_UNAVAILABLE', { problem: reason, fix: 'use another executor: see `skipwise plugins`' })

/** The evaluation suites, in their order. @throws SkipwiseErrors `RECIPE_EVALUATION`, and what making one throws */
export async function suitesOf(context: ResolveContext): Promise<EvalSuite[]> {
  const check = Collector.ofPart(context.document)
  const suites: EvalSuite[] = []
  for (const [i, reference] of context.recipe.evaluate.map(toReference).entries()) {
    const suite = await check.attempt(['evaluate', i], () => suiteOf(context, reference, ['evaluate', i]))
    if (suite) suites.push(suite)
  }
  check.end()
  return suites
}

/** What is watched during training. @throws SkipwiseErrors `RECIPE_EVALUATION`, and what making the suite throws */
export async function validationOf(context: ResolveContext): Promise<ValidationPlan | undefined> {
  const { validate } = context.recipe.train
  if (!validate) return undefined
  const suite = await suiteOf(context, toReference(validate.suite), ['train', 'validate', 'suite'])
  return { ...validate, suite, better: validate.better ?? betterOf(validate.metric) }
}

async function suiteOf(
  { registry, window, document }: ResolveContext,
  reference: PluginReference,
  path: RecipePath
): Promise<EvalSuite> {
  const check = Collector.ofPart(document)
  const suite = await check.attempt(path, () => registry.resolveUnknown('eval-suite', reference))
  check.add(path, checkEvaluation(reference, window), [['window']])
  return check.end({ suite }).suite
}

/** Evaluations beyond the target measure nothing that was trained; suites name their lengths `windows` or `lengths`. */
function checkEvaluation(reference: PluginReference, { target }: Window): SkipwiseError[] {
  const { name } = reference
  const beyond = lengthsBeyond(reference, target)
  if (!beyond.length) return []
  return [
    new SkipwiseError('RECIPE_EVALUATION', {
      problem: `${name} would be evaluated at ${beyond.join(', ')} tokens, beyond the window of ${target}`,
      fix: `use lengths up to ${target}, or a larger window.target`
    })
  ]
}
