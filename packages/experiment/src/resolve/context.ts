import type { ProgressListener, Window } from '@skipwise/core'
import { resolve } from 'node:path'
import type { Collaborators } from '../parts.js'
import type { RecipeDocument } from '../recipe-document.js'
import type { Recipe } from '../recipe-schema.js'
import type { StateFolder } from '../state-folder.js'

/** What to do with a recipe: lengthen the window of a model, or train one at its own. */
export type ExperimentKind = 'extend' | 'train'

/** What {@link resolveRecipe} needs besides the recipe. */
export interface ResolveOptions extends Collaborators {
  readonly kind: ExperimentKind
  /** What paths of the recipe are relative to. */
  readonly baseFolder: string
  /**
   * The recipe as it was read: its problems are reported with those found here, and these get its file, line and
   * column.
   */
  readonly document?: RecipeDocument | undefined
  /** Other files that the run reads, for instance the recipe's own: they may not lie where its state goes. */
  readonly inputs?: readonly string[] | undefined
  readonly progress?: ProgressListener | undefined
  readonly signal?: AbortSignal | undefined
}

/** What every part of an experiment is made from. */
export interface ResolveContext extends ResolveOptions {
  readonly recipe: Recipe
  readonly window: Window
  /** Absolute. */
  readonly output: string
  /** Undefined where it could not be taken, which has been said. */
  readonly state: StateFolder | undefined
}

/** The window of an example, and the one that the model is to have. */
export const windowOf = ({ window: { original, target } }: Recipe, kind: ExperimentKind): Window => ({
  original,
  target: kind === 'extend' ? (target ?? original) : original
})

/** The seed of training alone. */
export const trainSeedOf = ({ seed, train }: Recipe): number => train.seed ?? seed

/** Absolute path of the folder that a recipe writes. */
export const outputOf = ({ output }: Recipe, baseFolder: string): string => resolve(baseFolder, output)
