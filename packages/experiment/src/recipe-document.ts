import { clip, SkipwiseError, SkipwiseErrors } from '@skipwise/core'
import { isScalar, LineCounter, parseDocument, visit, type Document } from 'yaml'
import { pluginProblems, type PluginNames } from './plugin-problems.js'
import type { RecipeProblem } from './recipe-problems.js'
import { offsetOf, type RecipePath } from './recipe-places.js'
import { salvage } from './recipe-salvage.js'
import type { Recipe } from './recipe-schema.js'
import { settingOf, withSettings, type RecipeSetting } from './recipe-settings.js'
import { shown } from './schema-words.js'

/** A coded error with its place in the text of a recipe. */
export interface PlacedError {
  /** Characters before it. */
  readonly offset: number
  readonly error: SkipwiseError
}

/**
 * A recipe as far as it could be read, with what is wrong with it: {@link resolveRecipe} checks the rest and reports
 * all of it together.
 */
export interface RecipeDocument {
  /** Where `problems` are, without the values that are wrong. */
  readonly recipe: Recipe
  readonly problems: readonly PlacedError[]
  /** An error about the value at `path`, with file, line and column before what it says. */
  place(path: RecipePath, error: SkipwiseError): PlacedError
  /**
   * Whether the value at `path`, or what it lies in, is not what the user wrote: what is wrong with it has been said.
   */
  isDoubtful(path: RecipePath): boolean
}

/** Deeper recipes are refused: everything that reads one afterwards may go from map to map. */
const DEEPEST = 64

/**
 * Reads a recipe as far as it can be read.
 *
 * @param fileName for messages
 * @param registry finds the plugins that the recipe names, of which names and options are checked too; left out, they
 * are not
 * @param settings values that the recipe is read with, as if the file had them; default none
 * @throws SkipwiseError `RECIPE_SYNTAX`, and SkipwiseErrors `RECIPE_INVALID` where too little is right for checking
 * more
 */
export function openRecipe(
  text: string,
  fileName: string,
  registry?: PluginNames,
  settings: readonly RecipeSetting[] = []
): RecipeDocument {
  const lines = new LineCounter()
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${fileName}:${line}:${col}`
  }
  const document = parse(text, fileName, lines, at)
  const place: PlaceOf = (path, key) => {
    const setting = settingOf(settings, key === undefined ? path : [...path, key])
    // what was set is said after what the file has
    if (setting) return { offset: text.length + settings.indexOf(setting), where: setting.where }
    const offset = offsetOf(document, path, key)
    return { offset, where: at(offset) }
  }
  const value = withSettings(valueOf(document, fileName), settings)
  if (isDeeper(value, DEEPEST)) throw tooDeep(fileName)
  return check(value, place, registry)
}

/**
 * Reads a recipe that is an object, as far as it can be read. Keys that are undefined are not there.
 *
 * @param registry finds the plugins that the recipe names
 * @throws SkipwiseErrors `RECIPE_INVALID` where too little is right for checking more; SkipwiseError `RECIPE_SYNTAX`
 * where it cannot be written as JSON
 */
export function openRecipeObject(recipe: unknown, registry?: PluginNames): RecipeDocument {
  return check(plain(recipe), () => ({ offset: 0, where: 'recipe' }), registry)
}

/** The values of an object as a file would have them. */
function plain(recipe: unknown): unknown {
  const refused = (problem: string, cause?: unknown) =>
    new SkipwiseError('RECIPE_SYNTAX', { problem: `recipe: ${problem}`, fix: 'pass plain values', cause })
  if (isDeeper(recipe, DEEPEST)) throw refused(`objects and lists are nested more than ${DEEPEST} deep`)
  try {
    // a number that JSON does not have is kept, for the schema to refuse
    return structuredClone(plainValue(recipe))
  } catch (cause) {
    throw refused(clip(String(cause), 200), cause)
  }
}

function plainValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainValue)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(entries.map(([key, item]) => [key, plainValue(item)]))
}

/** Where a value of a recipe is, or the key `key` of the map there. */
type PlaceOf = (path: RecipePath, key?: string) => { readonly offset: number; readonly where: string }

function check(value: unknown, placeOf: PlaceOf, registry: PluginNames | undefined): RecipeDocument {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SkipwiseError('RECIPE_INVALID', {
      problem: `${placeOf([]).where}: a recipe is a map of keys, this is ${value === null ? 'empty' : shown(value)}`,
      fix: 'write model:, window: and the other keys; docs/recipes.md has them all'
    })
  }
  const { recipe, problems: ofSchema, doubtful } = salvage(value)
  const ofPlugins = registry ? pluginProblems(value, registry) : []
  const problems = [...ofSchema, ...ofPlugins].map(problem => placed(placeOf, problem))
  if (recipe === undefined) throw new SkipwiseErrors(sorted(problems))
  const wrong = [...doubtful, ...ofPlugins.map(({ path }) => path)]
  return {
    recipe,
    problems,
    place: (path, error) => {
      const { offset, where } = placeOf(path)
      const { code, problem, fix } = error
      return { offset, error: new SkipwiseError(code, { problem: `${where}: ${problem}`, fix, cause: error }) }
    },
    isDoubtful: path => wrong.some(each => each.every((part, i) => i >= path.length || part === path[i]))
  }
}

/** The errors of a recipe in the order of their places. */
export const sorted = (placed: readonly PlacedError[]): SkipwiseError[] =>
  [...placed].sort((a, b) => a.offset - b.offset).map(({ error }) => error)

function placed(placeOf: PlaceOf, { path, key, code = 'RECIPE_INVALID', message, fix }: RecipeProblem): PlacedError {
  const { offset, where } = placeOf(path, key)
  const keys = path.map(part => clip(String(part))).join('.')
  return { offset, error: new SkipwiseError(code, { problem: `${where}: ${keys && `${keys}: `}${message}`, fix }) }
}

/** The first syntax error: those after it are its consequences, and for a file that is not YAML there are hundreds. */
function parse(text: string, fileName: string, lines: LineCounter, at: (offset: number) => string): Document {
  let document: Document
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, uniqueKeys: false })
  } catch (cause) {
    throw new SkipwiseError('RECIPE_SYNTAX', {
      problem: `${fileName}: ${cause instanceof RangeError ? 'is nested too deeply' : clip(String(cause), 200)}`,
      fix: 'write a recipe without such nesting',
      cause
    })
  }
  const [first] = document.errors
  const twice = first ? undefined : duplicateKey(document)
  if (twice)
    throw new SkipwiseError('RECIPE_SYNTAX', {
      problem: `${at(twice.offset)}: the key '${clip(twice.key)}' appears twice`,
      fix: 'keep one of them'
    })
  if (!first) return document
  const isYaml = /\.(ya?ml|json)$/i.test(fileName)
  throw new SkipwiseError('RECIPE_SYNTAX', {
    problem: `${at(first.pos[0])}: ${isYaml ? clip(first.message, 120) : 'this is not YAML, so it is not a recipe'}`,
    fix: isYaml ? 'correct the YAML' : 'pass a recipe, a .yaml file',
    cause: first
  })
}

/**
 * The first key that appears twice in a map. The parser's own search compares each key with each, which takes minutes
 * for a hundred thousand.
 */
function duplicateKey(document: Document): { key: string; offset: number } | undefined {
  let found: { key: string; offset: number } | undefined
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<string>()
      for (const { key } of items) {
        if (!isScalar(key) || typeof key.value === 'symbol') continue
        const text = String(key.value)
        if (seen.has(text)) {
          found = { key: text, offset: key.range?.[0] ?? 0 }
          return visit.BREAK
        }
        seen.add(text)
      }
      return undefined
    }
  })
  return found
}

/** The document as plain values; an alias that would expand without end is refused by the parser's own limit. */
function valueOf(document: Document, fileName: string): unknown {
  let value: unknown
  try {
    value = document.toJS()
  } catch (cause) {
    throw new SkipwiseError('RECIPE_SYNTAX', {
      problem: `${fileName}: ${cause instanceof RangeError ? 'is nested too deeply' : clip(String(cause), 200)}`,
      fix: 'write out the values instead of using aliases',
      cause
    })
  }
  if (isDeeper(value, DEEPEST)) throw tooDeep(fileName)
  return value
}

const tooDeep = (fileName: string) =>
  new SkipwiseError('RECIPE_SYNTAX', {
    problem: `${fileName}: maps and lists are nested more than ${DEEPEST} deep`,
    fix: 'write a recipe without such nesting'
  })

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some(item => isDeeper(item, levels - 1)))
