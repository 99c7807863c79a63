import { clip, nearestName } from '@skipwise/core'
import type { z } from 'zod'
import { keysAt, type JsonSchema } from './json-schema.js'
import { recipeJsonSchema } from './recipe-schema.js'
import type { RecipePath } from './recipe-places.js'
import { nameOfType, schemaWords, shown } from './schema-words.js'

/** The keys that a recipe may have in the map at `path`, of every member of a union. */
const recipeKeysAt = (path: RecipePath): string[] =>
  keysAt(recipeJsonSchema() as JsonSchema, path).map(({ name }) => name)

type Issue = z.core.$ZodIssue

/** Something that is wrong with a recipe, and where. */
export interface RecipeProblem {
  readonly path: RecipePath
  /** A key of the map at `path` that should not be there. */
  readonly key?: string
  /** Default `RECIPE_INVALID`. */
  readonly code?: string
  readonly message: string
  readonly fix: string
}

/** Keys of earlier recipes, and what they are called now. */
const RENAMED: Readonly<Record<string, string>> = { 'train.guard.window': 'steps' }

/** Unknown keys that are named, of one map. */
const MOST_KEYS = 50

/** What an issue of a schema says, in our words; a union says what its fitting member says. */
export function problemsOf(
  issue: Issue,
  prefix: RecipePath,
  root: unknown,
  keys: (path: RecipePath) => readonly string[] = recipeKeysAt
): RecipeProblem[] {
  const path = [...prefix, ...issue.path]
  const value = valueAt(root, path)
  if (issue.code.startsWith('invalid_') && path.length > 0 && value === undefined) {
    return [
      { path, message: `missing; expected ${expectedBy(issue)}`, fix: `add the key '${String(path[path.length - 1])}'` }
    ]
  }
  if (issue.code === 'unrecognized_keys') {
    const known = keys(path)
    return issue.keys.slice(0, MOST_KEYS).map(key => {
      const renamed = RENAMED[[...path, key].join('.')]
      if (renamed !== undefined)
        return { path, key, message: `unknown key '${key}'; it is now '${renamed}'`, fix: `write ${renamed}` }
      const nearest = nearestName(key, known)
      return {
        path,
        key,
        message: `unknown key '${clip(key)}'${nearest ? `; did you mean '${nearest}'?` : ''}`,
        fix: known.length ? `valid keys are ${known.join(', ')}` : 'remove it'
      }
    })
  }
  if (issue.code === 'invalid_union') {
    // The member whose type the value has: its complaints are about keys and values inside, not about the value as a
    // whole.
    const without = (...codes: string[]) =>
      issue.errors.filter(errors => !errors.some(error => error.path.length === 0 && codes.includes(error.code)))
    const [fewest] = [without('invalid_type', 'invalid_value'), without('invalid_type')].flatMap(members =>
      members.sort((a, b) => severity(a) - severity(b))
    )
    if (fewest) return fewest.flatMap(inner => problemsOf(inner, path, root, keys))
    return [{ path, message: `expected ${expectedBy(issue)}, found ${shown(value)}`, fix: 'correct the value' }]
  }
  return [{ path, message: schemaWords(issue, value) ?? issue.message, fix: 'correct the value' }]
}

/** Types and words that would do: `a text or a map of keys`, `a list or 'all-linear'`. */
function expectedBy(issue: Issue): string {
  if (issue.code === 'invalid_union') return [...new Set(issue.errors.flat().map(expectedBy))].join(' or ')
  if (issue.code === 'invalid_value') return issue.values.map(value => shown(value)).join(' or ')
  return issue.code === 'invalid_type' ? nameOfType(issue.expected) : issue.message
}

/** The value at a path; undefined where there is none. */
export function valueAt(root: unknown, path: RecipePath): unknown {
  let value = root
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = Reflect.get(value, part)
  }
  return value
}

/** A member that misses most of its keys is not the one that was meant. */
const severity = (issues: readonly Issue[]) =>
  issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0)
