import { nearestName, SkipwiseError, SkipwiseErrors } from '@skipwise/core'
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml'
import type { z } from 'zod'
import { recipeSchema, type Recipe } from './recipe-schema.js'
import type { PluginLookup } from './parts.js'
import { keysAt } from './schema-keys.js'
import { unknownOptions } from './unknown-options.js'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/**
 * Reads a recipe. Everything that is wrong with it is reported together, each with file, line and column.
 *
 * @param fileName stands in messages
 * @param registry finds the plugins that the recipe names, whose unknown options are reported too; left out, they are not
 * @throws SkipwiseErrors with `RECIPE_SYNTAX` or `RECIPE_INVALID`
 *
 * @example
 * ```ts
 * const recipe = parseRecipe(await readFile('extend.yaml', 'utf8'), 'extend.yaml')
 * ```
 */
export function parseRecipe(text: string, fileName: string, registry?: Pick<PluginLookup, 'list'>): Recipe {
  const lines = new LineCounter(), document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${fileName}:${line}:${col}`
  }
  if (document.errors.length) {
    throw new SkipwiseErrors(
      document.errors.map(error => new SkipwiseError('RECIPE_SYNTAX', { problem: `${at(error.pos[0])}: ${error.message}`, fix: 'correct the YAML', cause: error }))
    )
  }
  const value = valueOf(document, fileName), result = recipeSchema.safeParse(value)
  const problems: Problem[] = result.success ? (registry ? unknownOptions(result.data, registry) : []) : result.error.issues.flatMap(issue => problemsOf(issue, [], value))
  if (result.success && problems.length === 0) return result.data
  const errors = problems.map(({ path, key, message, fix }) => {
    const where = path.map(String).join('.')
    return new SkipwiseError('RECIPE_INVALID', { problem: `${at(offsetOf(document, path, key))}: ${where && `${where}: `}${message}`, fix })
  })
  throw new SkipwiseErrors(errors)
}

/** The document as plain values; an alias that would expand without end is refused by the parser's own limit. */
function valueOf(document: Document, fileName: string): unknown {
  try {
    return document.toJS()
  } catch (cause) {
    throw new SkipwiseError('RECIPE_SYNTAX', { problem: `${fileName}: ${(cause as Error).message}`, fix: 'write the values out instead of using aliases', cause })
  }
}

interface Problem {
  readonly path: Path
  /** A key of the map at `path` that should not be there. */
  readonly key?: string
  readonly message: string
  readonly fix: string
}

/** What an issue says, in our words where zod's are not clear; a union says what its fitting member says. */
function problemsOf(issue: Issue, prefix: Path, recipe: unknown): Problem[] {
  const path = [...prefix, ...issue.path]
  if (issue.code.startsWith('invalid_') && path.length > 0 && isMissing(recipe, path)) return [{ path, message: `missing; expected ${expectedBy(issue)}`, fix: `add the key '${String(path[path.length - 1])}'` }]
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(path)
    return issue.keys.map(key => {
      const nearest = nearestName(key, known)
      return { path, key, message: `unknown key '${key}'${nearest ? `; did you mean '${nearest}'?` : ''}`, fix: known.length ? `the keys here are ${known.join(', ')}` : 'remove it' }
    })
  }
  if (issue.code === 'invalid_union') {
    // The member whose type the value has: its complaints are about keys and values inside, not about the value as a whole.
    const without = (...codes: string[]) => issue.errors.filter(errors => !errors.some(error => error.path.length === 0 && codes.includes(error.code)))
    const [fewest] = [without('invalid_type', 'invalid_value'), without('invalid_type')].flatMap(members => members.sort((a, b) => severity(a) - severity(b)))
    if (fewest) return fewest.flatMap(inner => problemsOf(inner, path, recipe))
    return [{ path, message: `expected ${expectedBy(issue)}`, fix: 'correct the value' }]
  }
  return [{ path, message: issue.message, fix: 'correct the value' }]
}

/** Types and words that would do: `string or object`, `array or 'all-linear'`. */
function expectedBy(issue: Issue): string {
  if (issue.code === 'invalid_union') return [...new Set(issue.errors.flat().map(expectedBy))].join(' or ')
  if (issue.code === 'invalid_value') return issue.values.map(value => `'${String(value)}'`).join(' or ')
  return issue.code === 'invalid_type' ? issue.expected : issue.message
}

function isMissing(recipe: unknown, path: Path): boolean {
  let value = recipe
  for (const part of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[part]
  return value === undefined
}

/** A member that misses most of its keys is not the one that was meant. */
const severity = (issues: readonly Issue[]) => issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0)

/** Where a value stands, or the key `key` of the map there; of what is missing, the nearest that is there. */
function offsetOf(document: Document, path: Path, key?: string): number {
  let node: Node | null = isNode(document.contents) ? document.contents : null, start = node?.range?.[0] ?? 0
  for (const [i, part] of [...path, ...(key === undefined ? [] : [key])].entries()) {
    if (isAlias(node)) node = node.resolve(document) ?? null
    const isKey = key !== undefined && i === path.length
    if (isMap(node)) {
      const pair = node.items.find(item => isScalar(item.key) && String(item.key.value) === String(part))
      if (!pair) break
      const keyNode = pair.key as Node
      start = keyNode.range?.[0] ?? start
      if (isKey) break
      node = isNode(pair.value) ? pair.value : null
      start = isScalar(node) && node.range ? node.range[0] : start
    } else if (isSeq(node) && typeof part === 'number') {
      node = isNode(node.items[part]) ? (node.items[part] as Node) : null
      start = node?.range?.[0] ?? start
    } else break
  }
  return start
}
