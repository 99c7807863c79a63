import { clip, SkipwiseError } from '@skipwise/core'
import { parseDocument } from 'yaml'
import type { RecipePath } from './recipe-places.js'
import { shown } from './schema-words.js'

/** A value that a recipe gets from outside its file: `train.steps=20` on the command line. */
export interface RecipeSetting {
  readonly path: RecipePath
  readonly value: unknown
  /** Where it is from, in place of line and column: `--set train.steps`. */
  readonly where: string
}

/** Where a plugin is named: its name alone may be followed by an option there. */
const REFERENCES = [/^interpolation$/, /^positions$/, /^executor$/, /^evaluate\.\d+$/, /^train\.validate\.suite$/]

/**
 * Reads `KEY=VALUE`: keys with dots between them, numbers for items of a list, and a value in YAML.
 *
 * @throws SkipwiseError `RECIPE_SYNTAX`
 *
 * @example
 * ```ts
 * console.log(parseSetting('train.steps=20').value) // 20
 * ```
 */
export function parseSetting(text: string): RecipeSetting {
  const at = text.indexOf('=')
  const key = text.slice(0, Math.max(0, at)).trim()
  const where = `--set ${clip(at < 0 ? text : key)}`
  const parts = key.split('.')
  if (at < 0 || parts.some(part => part === ''))
    throw new SkipwiseError('RECIPE_SYNTAX', {
      problem: `${where}: expected a key of the recipe and a value`,
      fix: 'write KEY=VALUE, for instance --set train.steps=20'
    })
  try {
    const document = parseDocument(text.slice(at + 1), { prettyErrors: false })
    if (document.errors.length > 0) throw document.errors[0]
    return { path: parts, value: document.toJS(), where }
  } catch (cause) {
    throw new SkipwiseError('RECIPE_SYNTAX', {
      problem: `${where}: the value is not YAML`,
      fix: `quote it, for instance --set '${clip(key)}=[a, b]'`,
      cause
    })
  }
}

/**
 * A recipe as if its file had the values of `settings`, in their order; of several for one key the last counts. An
 * option of a plugin makes that plugin the one that is named there.
 *
 * @throws SkipwiseError `RECIPE_INVALID` for a key of something that has none, or an item that a list does not have
 */
export const withSettings = (recipe: unknown, settings: readonly RecipeSetting[]): unknown =>
  settings.reduce((left, setting) => replaced(left, setting, []), recipe)

/**
 * The text of a recipe with the values of `settings` in it. Comments stay but for those inside a value that changes.
 *
 * @throws SkipwiseError `RECIPE_INVALID` for a key of something that has none, or an item that a list does not have
 */
export function setInRecipe(text: string, settings: readonly RecipeSetting[]): string {
  if (settings.length === 0) return text
  const document = parseDocument(text)
  const before: unknown = document.toJS()
  for (const [key, value] of Object.entries(Object(withSettings(before, settings))))
    if (JSON.stringify(value) !== JSON.stringify(Object(before)[key])) document.set(key, document.createNode(value))
  return document.toString({ lineWidth: 0 })
}

function replaced(current: unknown, setting: RecipeSetting, done: RecipePath): unknown {
  const { path, value } = setting
  if (done.length === path.length) return value
  const part = String(path[done.length])
  const inside = (item: unknown) => replaced(item, setting, [...done, part])
  const place = done.join('.')
  if (REFERENCES.some(pattern => pattern.test(place))) {
    const named = typeof current === 'string' ? { [current]: undefined } : current
    const isNamed = typeof named === 'object' && named !== null && Object.hasOwn(named, part)
    return { [part]: inside(isNamed ? Reflect.get(named, part) : undefined) }
  }
  if (Array.isArray(current)) return withItem(current, part, inside, setting, place)
  if (typeof current !== 'object' && current !== undefined)
    throw invalid(setting, `${place} is ${shown(current)}, which has no keys`, `set ${place} as a whole`)
  // entries, so that no name of a key can reach a prototype
  const entries: [string, unknown][] = Object.entries(current ?? {})
  return Object.fromEntries(
    entries.some(([key]) => key === part)
      ? entries.map(([key, item]) => [key, key === part ? inside(item) : item])
      : [...entries, [part, inside(undefined)]]
  )
}

function withItem(
  list: readonly unknown[],
  part: string,
  inside: (item: unknown) => unknown,
  setting: RecipeSetting,
  place: string
): unknown[] {
  const index = /^\d+$/.test(part) ? Number(part) : Infinity
  if (index > list.length)
    throw invalid(
      setting,
      `${place} is a list of ${list.length}, and '${clip(part)}' is not one of its items`,
      `use a number from 0 to ${list.length}, the last to add an item`
    )
  return [...list.slice(0, index), inside(list[index]), ...list.slice(index + 1)]
}

const invalid = ({ where }: RecipeSetting, problem: string, fix: string) =>
  new SkipwiseError('RECIPE_INVALID', { problem: `${where}: ${problem}`, fix })

/** The setting that a value at `path` is from, the last of several. */
export const settingOf = (settings: readonly RecipeSetting[], path: RecipePath): RecipeSetting | undefined =>
  settings.findLast(({ path: own }) => own.every((part, i) => i < path.length && String(path[i]) === part))
