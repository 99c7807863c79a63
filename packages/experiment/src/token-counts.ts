import { withTokenCounts } from '@skipwise/evaluation'
import { withoutUndefined, type PluginKind } from '@skipwise/core'
import { toReference, type PluginLookup } from './parts.js'
import type { Recipe, RecipeReference } from './recipe-schema.js'

/**
 * A recipe in which the options of plugins have numbers for the lengths that were written with k: the keys of a run
 * hold those options as they are given, and 2k is 2048.
 */
export function recipeWithTokenCounts(recipe: Recipe, registry: PluginLookup): Recipe {
  const counted = <Given extends RecipeReference | undefined>(
    kind: PluginKind,
    given: Given
  ): Given | RecipeReference => {
    if (given === undefined || typeof given === 'string') return given
    const reference = toReference(given)
    // a name that there is not is said where the part is made
    const plugin = registry.list().find(each => each.kind === kind && each.name === reference.name)
    return plugin ? { [reference.name]: withTokenCounts(reference, plugin.config).config } : given
  }
  const { interpolation, positions, executor, evaluate, train } = recipe
  const { validate, ...training } = train
  return withoutUndefined({
    ...recipe,
    interpolation: counted('interpolation', interpolation),
    positions: counted('position-transform', positions),
    executor: counted('executor', executor),
    evaluate: evaluate.map(suite => counted('eval-suite', suite)),
    train: withoutUndefined({
      ...training,
      validate: validate && { ...validate, suite: counted('eval-suite', validate.suite) }
    })
  })
}
