import type { ProgressListener } from '@skipwise/core'
import {
  openRecipe,
  outlineRecipe,
  setInRecipe,
  type Collaborators,
  type RecipeOutline,
  type RecipeSetting
} from '@skipwise/experiment'
import type { StrategyName } from '@skipwise/training'
import { methods, type Method } from './choices.js'
import { recipeText, type RecipeAnswers } from './recipe-text.js'

/** What {@link fittingRecipe} needs besides the answers. */
export interface FittingOptions {
  readonly parts: Collaborators
  readonly baseFolder: string
  readonly settings: readonly RecipeSetting[]
  /** Operations a second of this machine. */
  readonly rate: number
  /** For messages. */
  readonly fileName: string
  readonly progress: ProgressListener
  readonly signal: AbortSignal
}

/** A recipe that was written, and what it takes. */
export interface FittingRecipe {
  readonly text: string
  readonly method: Method
  readonly outline: RecipeOutline
  /** Of training, by formula: operations over the rate of the machine. */
  readonly seconds: number
  readonly time: string
  readonly memory: string
}

/**
 * The recipe that trains most of what fits in memory: everything, then adapters over a base in 16, 8 and 4 bits; the
 * last where nothing fits.
 *
 * @throws SkipwiseErrors what is wrong with the recipe, `--set` included
 */
export async function fittingRecipe(
  answers: Omit<RecipeAnswers, 'method'>,
  options: FittingOptions
): Promise<FittingRecipe> {
  const { baseFolder, parts, settings, rate, progress, signal } = options
  const last = methods[methods.length - 1]
  for (const method of methods) {
    const plain = recipeText({ ...answers, method }, [])
    const document = openRecipe(plain, options.fileName, parts.registry, settings)
    const outline = await outlineRecipe(document.recipe, {
      kind: 'extend',
      baseFolder,
      document,
      config: answers.model.config,
      name: answers.model.name,
      tokenizer: answers.model.tokenizer,
      ...parts,
      progress,
      signal
    })
    const { chosen } = outline.plan
    if (chosen === undefined && method !== last) continue
    const seconds = outline.operations(chosen ?? 'blockwise') / rate
    const memory = memoryOf(outline, chosen)
    const time = duration(seconds)
    const notes = [
      `Memory: ${memory}, by the plan of skipwise extend --plan.`,
      `Time: about ${time} on this machine for training, by formula: ${outline.operations(chosen ?? 'blockwise').toPrecision(2)} operations at ${Number((rate / 1e9).toPrecision(2))} GFLOP/s,`,
      'which two seconds of training steps of a small model ran at. Evaluations come on top.'
    ]
    const text = setInRecipe(recipeText({ ...answers, method }, notes), settings)
    return { text, method, outline, seconds, time, memory }
  }
  throw new RangeError('there is no method')
}

function memoryOf({ plan }: RecipeOutline, chosen: StrategyName | undefined): string {
  const peaks = Object.values(plan.strategies).map(({ peak }) => peak)
  const needed = chosen === undefined ? Math.min(...peaks) : (plan.strategies[chosen]?.peak ?? 0)
  return `${gigabytes(needed)} of ${gigabytes(plan.limit)}${chosen === undefined ? ', which does not fit' : ` by ${chosen}`}`
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0)} GB`

/** Seconds in words, two digits. */
function duration(seconds: number): string {
  const [unit, size] =
    seconds < 90
      ? ['seconds', 1]
      : seconds < 5400
        ? ['minutes', 60]
        : seconds < 172800
          ? ['hours', 3600]
          : ['days', 86400]
  return `${Number((seconds / Number(size)).toPrecision(2))} ${unit}`
}
