import { clip, isSkipwiseError, nearestName, type PluginKind, type StandardSchemaV1 } from '@skipwise/core'
import type { z } from 'zod'
import type { PluginLookup } from './parts.js'
import { problemsOf, valueAt, type RecipeProblem } from './recipe-problems.js'
import type { RecipePath } from './recipe-places.js'

/** The part of a registry that finds what is wrong with names and options. */
export type PluginNames = Pick<PluginLookup, 'list' | 'find'>

/** Where a recipe names plugins, whatever else is wrong with it. */
function namedPlugins(value: unknown): [PluginKind, RecipePath][] {
  const suites = valueAt(value, ['evaluate'])
  return [
    ['architecture', ['model', 'architecture']],
    ['interpolation', ['interpolation']],
    ['position-transform', ['positions']],
    ['executor', ['executor']],
    ['eval-suite', ['train', 'validate', 'suite']],
    ...(Array.isArray(suites) ? suites.map((_, i): [PluginKind, RecipePath] => ['eval-suite', ['evaluate', i]]) : [])
  ]
}

/**
 * Every name of a plugin that there is not, and every option that a plugin does not take or whose value it does not.
 */
export function pluginProblems(value: unknown, registry: PluginNames): RecipeProblem[] {
  return namedPlugins(value).flatMap(([kind, path]) => {
    const reference = valueAt(value, path)
    if (typeof reference === 'string' && reference !== '')
      return problemsWith(registry, kind, reference, undefined, path)
    if (typeof reference !== 'object' || reference === null || Array.isArray(reference)) return []
    const [first, ...more] = Object.entries(reference)
    // what is not one key is said by the schema of the recipe
    return first === undefined || more.length > 0
      ? []
      : problemsWith(registry, kind, first[0], first[1], [...path, first[0]])
  })
}

function problemsWith(
  registry: PluginNames,
  kind: PluginKind,
  name: string,
  config: unknown,
  path: RecipePath
): RecipeProblem[] {
  try {
    const schema: StandardSchemaV1 & { readonly shape?: object } = registry.find(kind, name).config
    const checked = schema['~standard'].validate(config ?? {})
    // a schema that answers later cannot be asked here, and is refused where the parts are put together
    if (checked instanceof Promise || !checked.issues) return []
    const known = (inside: RecipePath) => (inside.length > 0 ? [] : Object.keys(schema.shape ?? {}))
    return checked.issues
      .flatMap(issue => optionProblems(issue, config ?? {}, known))
      .map(problem => {
        const place = { path: [...path, ...problem.path], fix: problem.fix }
        if (problem.key === undefined) return { ...place, message: problem.message }
        const nearest = nearestName(problem.key, known(problem.path))
        return {
          ...place,
          key: problem.key,
          message: `${kind} '${name}' has no option '${clip(problem.key)}'${nearest ? `; did you mean '${nearest}'?` : ''}`,
          fix: problem.fix.replace('valid keys are', 'its options are')
        }
      })
  } catch (error) {
    if (!isSkipwiseError(error)) throw error
    return [{ path, code: error.code, message: error.problem, fix: error.fix }]
  }
}

const isZodIssue = (issue: StandardSchemaV1.Issue): issue is z.core.$ZodIssue =>
  'code' in issue && typeof issue.code === 'string'

/** An issue of zod in our words; that of another schema library in its own. */
function optionProblems(
  issue: StandardSchemaV1.Issue,
  config: unknown,
  known: (path: RecipePath) => readonly string[]
): RecipeProblem[] {
  if (isZodIssue(issue)) return problemsOf(issue, [], config, known)
  const path = (issue.path ?? []).map(part => (typeof part === 'object' ? part.key : part))
  return [{ path, message: issue.message, fix: 'correct the value' }]
}
