import { SkipwiseError, type Window } from '@skipwise/core'
import { isHubReference, locateModel } from '@skipwise/hub'
import { trainedParameters, type CompleteTrainingOptions, type TrainedParameters } from '@skipwise/training'
import { Collector } from '../collector.js'
import { newModel, openModelFolder, type ModelFacts, type ModelSource } from '../model-source.js'
import type { Recipe } from '../recipe-schema.js'
import { storageOf } from '../weight-types.js'
import type { ResolveContext } from './context.js'

/** Where a recipe's model, or the tokenizer of a new one, is from. */
export const modelReference = ({ model }: Recipe): string => (typeof model === 'string' ? model : model.tokenizer)

/** Whether the model can be opened now: it is the user's, and a folder or a recipe that is right so far. */
export const isOpenable = (recipe: Recipe, collect: Collector): boolean =>
  !collect.isDoubtful(['model']) && !(collect.hasErrors && isHubReference(modelReference(recipe)))

/** The model to start from, without its weights. @throws SkipwiseErrors what finding and reading it throws */
export async function modelOf(context: ResolveContext): Promise<ModelSource> {
  const { recipe, document, ...options } = context
  const check = Collector.ofPart(document)
  const source = await check.attempt(['model'], async () =>
    typeof recipe.model === 'string'
      ? openModelFolder(await locateModel(recipe.model, located(options)), options)
      : newModel(recipe.model, recipe.seed, options, located(options))
  )
  return check.end({ source }).source
}

const located = ({ baseFolder, progress, signal }: Omit<ResolveContext, 'recipe'>) => ({ baseFolder, progress, signal })

/**
 * The model against the rest of the recipe: the windows, the tokenizer, what is trained of it.
 *
 * @param source undefined where there is none: the windows are then checked against one another
 * @throws SkipwiseErrors `RECIPE_WINDOW`, `RECIPE_TOKENIZER`, `TRAINING_OPTIONS`
 */
export async function checkModel(
  { recipe, window, kind, document }: ResolveContext,
  source: ModelFacts | undefined,
  training: CompleteTrainingOptions | undefined
): Promise<void> {
  const check = Collector.ofPart(document)
  const ofWindow = checkWindow(window, source, kind)
  for (const key of ['original', 'target'] as const) check.add(['window', key], ofWindow[key], [['window']])
  if (source) check.add(['model'], checkTokenizer(source))
  if (source && training) {
    const trains = await check.attempt(['train'], () => trainedParameters(source.model, training))
    if (trains) check.add(['train', 'base'], checkBase(recipe, trains))
  }
  check.end()
}

/** Only what stays can be at rest. */
function checkBase({ train: { base = 'float32' } }: Recipe, { frozen }: TrainedParameters): SkipwiseError[] {
  const of = storageOf(base)
  if (base === 'float32' || frozen.some(parameter => of(parameter) !== 'float32')) return []
  return [
    new SkipwiseError('TRAINING_OPTIONS', {
      problem: `train.base is ${base}, and every matrix is trained`,
      fix: 'train adapters (lora) or freeze matrices, or remove base'
    })
  ]
}

/** The windows against the model and one another, by the key that is wrong. */
function checkWindow(
  { original, target }: Window,
  source: ModelFacts | undefined,
  kind: 'extend' | 'train'
): Record<'original' | 'target', SkipwiseError[]> {
  const errors: Record<'original' | 'target', SkipwiseError[]> = { original: [], target: [] }
  const add = (key: 'original' | 'target', problem: string, fix: string) =>
    errors[key].push(new SkipwiseError('RECIPE_WINDOW', { problem, fix }))
  if (target < original)
    add(
      'target',
      `window.target ${target} is smaller than window.original ${original}`,
      'set it to the longer window to reach'
    )
  if (source === undefined) return errors
  const { model, rope } = source
  const own = model.geometry.maxPositionEmbeddings
  if (original > own)
    add(
      'original',
      `window.original ${original} is larger than the model's window of ${own} (max_position_embeddings)`,
      `use at most ${own}`
    )
  if (target < original) return errors
  if (kind === 'extend' && target < rope.geometry.originalLength) {
    add(
      'target',
      `window.target ${target} is smaller than the model's window of ${rope.geometry.originalLength}`,
      'set a longer window to reach'
    )
  }
  return errors
}

/** An id beyond the embedding would read another's memory. */
function checkTokenizer({ tokenizer, model }: ModelFacts): SkipwiseError[] {
  const { vocabSize } = model.geometry
  if (tokenizer === undefined || tokenizer.vocabSize <= vocabSize) return []
  return [
    new SkipwiseError('RECIPE_TOKENIZER', {
      problem: `the tokenizer has ${tokenizer.vocabSize} tokens, and the model ${vocabSize} (vocab_size)`,
      fix: 'use the tokenizer of the model'
    })
  ]
}
