import type { AnyPlugin, ConfigOf, PluginKind } from '@skipwise/core'
import type { RecipeInput } from '@skipwise/experiment'
import type { DefaultPlugins } from './registry.js'

/**
 * A plugin of one kind as a recipe names it: `'yarn'`, or with what it takes: `{ yarn: { betaFast: 64 } }`.
 *
 * @typeParam Known the plugins there are; default those that come with Skipwise
 */
export type Reference<Kind extends PluginKind, Known extends AnyPlugin = DefaultPlugins> = Known extends {
  readonly kind: Kind
}
  ? Known['name'] | { readonly [Name in Known['name']]: ConfigOf<Known> }
  : never

type Train = RecipeInput['train']
type Validate = NonNullable<Train['validate']>

/**
 * A recipe written in TypeScript: the keys of a recipe file, with the names and the options of every plugin known to
 * the compiler.
 *
 * @typeParam Known the plugins there are; default those that come with Skipwise
 */
export interface TypedRecipe<Known extends AnyPlugin = DefaultPlugins> extends Omit<
  RecipeInput,
  'interpolation' | 'positions' | 'evaluate' | 'executor' | 'train'
> {
  readonly interpolation?: Reference<'interpolation', Known> | undefined
  readonly positions?: Reference<'position-transform', Known> | undefined
  readonly evaluate?: readonly Reference<'eval-suite', Known>[] | undefined
  readonly executor?: Reference<'executor', Known> | undefined
  readonly train: Omit<Train, 'validate'> & {
    readonly validate?: (Omit<Validate, 'suite'> & { readonly suite: Reference<'eval-suite', Known> }) | undefined
  }
}
