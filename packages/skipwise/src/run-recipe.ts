import { readNamedFile } from '@skipwise/checkpoints'
import { SkipwiseError, type AnyPlugin } from '@skipwise/core'
import {
  openRecipe,
  openRecipeObject,
  resolveRecipe,
  runExperiment,
  type Experiment,
  type ExperimentKind,
  type ExperimentResult,
  type Recipe,
  type RecipeSetting,
  type RunHooks
} from '@skipwise/experiment'
import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { findExample, isExample } from './examples.js'
import { loadParts } from './parts.js'
import type { DefaultPlugins } from './registry.js'
import type { TypedRecipe } from './typed-recipe.js'

/** What {@link extend} and {@link train} take besides the recipe. */
export interface RunOptions<Added extends AnyPlugin = never> extends RunHooks {
  /** Plugins that a recipe may name besides those of Skipwise and of `skipwise.config`; default none. */
  readonly plugins?: readonly Added[] | undefined
  /**
   * Folder that the paths of a recipe given as an object are relative to; default the working folder. Those of a file
   * are relative to its folder.
   */
  readonly baseFolder?: string | undefined
}

/** What a run gives: the content of `skipwise.json`, and where it lies. */
export interface RunResult extends ExperimentResult {
  /** Absolute path of the folder that was written. */
  readonly output: string
}

/**
 * Extends the context window of a model by a recipe, as `skipwise extend` does: evaluates the base model, trains,
 * writes a Hugging Face folder with a report, and evaluates what was written. A run that was stopped goes on from its
 * last saved step when it is called again.
 *
 * @param recipe a recipe file, `example:NAME` for one that comes with Skipwise, or a recipe as an object
 * @throws SkipwiseErrors everything that is wrong with the recipe, before any work; SkipwiseError what training,
 * evaluation and writing throw; `signal.reason` when aborted, with the state saved
 *
 * @example
 * ```ts
 * const { output } = await extend('extend.yaml')
 * ```
 */
export const extend = <Added extends AnyPlugin = never>(
  recipe: string | TypedRecipe<DefaultPlugins | Added>,
  options: RunOptions<Added> = {}
): Promise<RunResult> => run('extend', recipe, options)

/**
 * Trains a model at its own window by a recipe, as `skipwise train` does.
 *
 * @param recipe a recipe file, or a recipe as an object
 * @throws as {@link extend}
 */
export const train = <Added extends AnyPlugin = never>(
  recipe: string | TypedRecipe<DefaultPlugins | Added>,
  options: RunOptions<Added> = {}
): Promise<RunResult> => run('train', recipe, options)

async function run(
  kind: ExperimentKind,
  recipe: string | object,
  { plugins, baseFolder, ...hooks }: RunOptions<AnyPlugin>
): Promise<RunResult> {
  const { progress, signal } = hooks
  const prepared = await prepare(kind, recipe, { plugins, baseFolder, progress, signal })
  return { ...(await runExperiment(prepared, hooks)), output: prepared.output }
}

/** What {@link prepare} takes besides the recipe. */
type Preparation = {
  readonly [Key in 'plugins' | 'baseFolder' | 'progress' | 'signal']?: RunOptions<AnyPlugin>[Key] | undefined
} & {
  /** Folder to write in place of the recipe's output, relative to the working folder. */
  readonly output?: string | undefined
  /** Looks at the recipe before model and data are read, and throws where it will not do. */
  readonly check?: ((recipe: Recipe) => void) | undefined
  /** Values that a recipe file is read with; default none. */
  readonly settings?: readonly RecipeSetting[] | undefined
}

/**
 * Finds, makes and checks every part of a recipe: what {@link run} runs.
 *
 * @param kind `'by window'`: extend where the recipe has a target, else train
 * @param recipe a recipe file, or a recipe as an object
 * @throws as {@link extend}
 */
export async function prepare(
  kind: ExperimentKind | 'by window',
  recipe: string | object,
  { plugins, baseFolder = process.cwd(), output, check, settings, progress, signal }: Preparation
): Promise<Experiment> {
  const { text, folder, inputs } = await placeOf(recipe, baseFolder)
  const parts = await loadParts([folder, process.cwd()], plugins)
  const document =
    text === undefined
      ? openRecipeObject(recipe, parts.registry)
      : openRecipe(text, String(recipe), parts.registry, settings)
  check?.(document.recipe)
  const { window } = document.recipe
  const given = output === undefined ? document.recipe : { ...document.recipe, output: resolve(output) }
  return resolveRecipe(given, {
    kind: kind !== 'by window' ? kind : window.target === undefined ? 'train' : 'extend',
    baseFolder: folder,
    document,
    inputs,
    progress,
    signal,
    ...parts
  })
}

/** The text of a recipe that is not an object, what its paths are relative to, and its own file. */
async function placeOf(recipe: string | object, baseFolder: string) {
  // whatever a program in JavaScript gives is refused where objects are
  if (typeof recipe !== 'string') return { text: undefined, folder: resolve(baseFolder), inputs: [] }
  // paths of a recipe of ours are the user's
  if (isExample(recipe)) return { text: (await findExample(recipe)).text, folder: process.cwd(), inputs: [] }
  return { text: await readRecipe(recipe), folder: dirname(resolve(recipe)), inputs: [resolve(recipe)] }
}

/** The text of a recipe. @throws SkipwiseError `RECIPE_NOT_FOUND`, `FILE_REFUSED` */
export async function readRecipe(file: string): Promise<string> {
  const missing = (problem: string) =>
    new SkipwiseError('RECIPE_NOT_FOUND', { problem, fix: 'pass a recipe, a .yaml file' })
  const isFolder = await stat(file).then(
    found => found.isDirectory(),
    () => false
  )
  if (isFolder) throw missing(`${file} is a folder`)
  const bytes = await readNamedFile(file, 'recipe')
  if (bytes === undefined) throw missing(`there is no ${file}`)
  return new TextDecoder().decode(bytes)
}
