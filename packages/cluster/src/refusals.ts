import { SkipwiseError, SkipwiseErrors } from '@skipwise/core'
import { frequenciesOf, toReference, type Experiment, type Recipe } from '@skipwise/experiment'

/** Models that transformers does not compute as their files say: by code of their own, or without scaled RoPE. */
const OTHERS: Readonly<Record<string, string>> = {
  baichuan: 'transformers runs it by code of its own, which is not installed with it',
  gptj: 'transformers has a table of its positions, and no scaled RoPE for it'
}

const HERE = 'train it by skipwise extend'

const refused = (problem: string, fix: string) => new SkipwiseError('CLUSTER_UNSUPPORTED', { problem, fix })

/** What a recipe asks for and a Trainer of transformers cannot do, or would do in another way. */
function* ofRecipe({ data, train, executor }: Recipe): Iterable<SkipwiseError> {
  const sources = 'sources' in data ? data.sources : [data]
  if (sources.some(({ pack }) => pack))
    yield refused(
      'data.pack puts several documents into a row, and its attention cannot tell their ends from jumps of positions',
      'remove pack'
    )
  if (typeof train.strategy === 'object' && 'spaco' in train.strategy)
    yield refused('train.strategy spaco draws the chunks of its gradients, which only Skipwise does', 'remove strategy')
  if (train.base === 'int8' || train.base === 'int4')
    yield refused(
      `train.base ${train.base} rounds the frozen weights, and there they are as the model has them`,
      'remove base'
    )
  if (train.ema) yield refused('train.ema averages weights, which the Trainer does not', 'remove ema')
  if (train.guard) yield refused('train.guard stops or leaves out steps, which the Trainer does not', 'remove guard')
  if (train.validate)
    yield refused(
      'train.validate runs evaluations during training, and they are not there',
      'remove validate: skipwise import runs the evaluations of the recipe'
    )
  if (JSON.stringify(toReference(executor).config ?? {}).includes('bfloat16'))
    yield refused('the executor computes in bfloat16, so its first loss is not that of float32', 'use executor: onnx')
}

/** The same of the model, and of what a scheme makes of it. */
function* ofModel({ options, recipe, source, storageError, rope, window }: Experiment): Iterable<SkipwiseError> {
  const type = String(source.config['model_type'])
  if (type in OTHERS) yield refused(`the model is a ${type}: ${OTHERS[type]}`, HERE)
  if (source.model.geometry.rotaryDim === 0)
    yield refused('the model has no RoPE, so there is no table to compare', HERE)
  else if (frequenciesOf(rope.interpolation, rope)(window.target).softmaxScale !== 1)
    yield refused(`${rope.name} scales the softmax, which transformers does not`, 'use another interpolation')
  if (source.model.geometry.localRopeBase !== undefined)
    yield refused(`the layers of a ${type} turn by two tables, and a run for torchrun has one`, HERE)
  if (storageError > 0 && recipe.train.base === 'bf16')
    yield refused('train.base bf16 rounds weights that the model has in more bits', 'remove base')
  if (options.lora?.alsoTrain && source.model.tied)
    yield refused(
      'train.lora.alsoTrain of a model with tied embeddings is saved in another way by each version of PEFT',
      'remove alsoTrain'
    )
}

/**
 * Looks whether a recipe can be run by a Trainer of transformers, as far as it says so itself: before model and data
 * are read.
 *
 * @throws SkipwiseErrors `CLUSTER_UNSUPPORTED`, every reason at once
 */
export function demandExportable(recipe: Recipe): void {
  demandNone([...ofRecipe(recipe)])
}

/** The same of a resolved recipe, model included. @throws SkipwiseErrors `CLUSTER_UNSUPPORTED` */
export function demandTrainable(experiment: Experiment): void {
  demandNone([...ofRecipe(experiment.recipe), ...ofModel(experiment)])
}

function demandNone(found: readonly SkipwiseError[]): void {
  if (found.length > 0) throw new SkipwiseErrors(found)
}
