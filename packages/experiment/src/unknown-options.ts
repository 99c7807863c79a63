import { nearestName, type PluginKind } from '@skipwise/core'
import { toReference, type PluginLookup } from './parts.js'
import type { Recipe, RecipeReference } from './recipe-schema.js'

/** A key that a plugin named in a recipe does not know. */
export interface UnknownOption {
  /** The map that holds it. */
  readonly path: readonly PropertyKey[]
  readonly key: string
  readonly message: string
  readonly fix: string
}

/** Every unknown key of the plugins that a recipe names; what else is wrong with their configurations shows when the parts are put together. */
export function unknownOptions(recipe: Recipe, registry: Pick<PluginLookup, 'list'>): UnknownOption[] {
  const named: [PluginKind, readonly PropertyKey[], RecipeReference | undefined][] = [
    ['interpolation', ['interpolation'], recipe.interpolation],
    ['position-transform', ['positions'], recipe.positions],
    ['executor', ['executor'], recipe.executor],
    ['eval-suite', ['train', 'validate', 'suite'], recipe.train.validate?.suite],
    ...recipe.evaluate.map((reference, i): [PluginKind, readonly PropertyKey[], RecipeReference] => ['eval-suite', ['evaluate', i], reference])
  ]
  return named.flatMap(([kind, path, reference]) => {
    if (reference === undefined || typeof reference === 'string') return []
    const { name, config } = toReference(reference), plugin = registry.list(kind).find(each => each.name === name)
    const checked = plugin?.config['~standard'].validate(config ?? {})
    if (!plugin || checked === undefined || checked instanceof Promise) return []
    // zod says which keys; a schema of another library complains later, without a line
    const issues = (checked.issues ?? []) as readonly { readonly code?: string; readonly keys?: readonly string[]; readonly path?: readonly PropertyKey[] }[]
    return issues.filter(issue => issue.code === 'unrecognized_keys').flatMap(({ keys = [], path: inside = [] }) => {
      const known = inside.length ? [] : Object.keys((plugin.config as { shape?: object }).shape ?? {})
      return keys.map(key => {
        const nearest = nearestName(key, known)
        return {
          path: [...path, name, ...inside], key,
          message: `${kind} '${name}' has no option '${key}'${nearest ? `; did you mean '${nearest}'?` : ''}`,
          fix: known.length ? `its options are ${known.join(', ')}` : 'remove it'
        }
      })
    })
  })
}
