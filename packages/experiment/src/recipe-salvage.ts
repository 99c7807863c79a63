import { problemsOf, valueAt, type RecipeProblem } from './recipe-problems.js'
import type { RecipePath } from './recipe-places.js'
import { recipeSchema, type Recipe } from './recipe-schema.js'

/** What takes the place of a key that a recipe must have and has not, so that the rest can be checked. */
const STAND_INS = {
  model: '-',
  window: { original: 2 },
  data: { files: ['-'] },
  train: { steps: 1, batch: 1, learningRate: 1 },
  output: '-'
}

/** A recipe without what is wrong with it. */
export interface Salvaged {
  /** Undefined where nothing is left that could be checked further. */
  readonly recipe: Recipe | undefined
  readonly problems: readonly RecipeProblem[]
  /** Values that are not the user's any more: what is said of them would be said of something else. */
  readonly doubtful: readonly RecipePath[]
}

/** Largest number of rounds: each removes everything that the schema finds at once, the next one what appears then. */
const ROUNDS = 10

/** At most so many problems are said at once: nobody reads more, and finding their places takes time. */
const MOST = 50

/** Reads a recipe, and where something is wrong leaves it out and reads the rest. */
export function salvage(value: unknown): Salvaged {
  const problems: RecipeProblem[] = []
  const doubtful: RecipePath[] = []
  let left: unknown = value
  for (let round = 0; round < ROUNDS; round++) {
    const result = recipeSchema.safeParse(left)
    if (result.success) return { recipe: result.data, problems, doubtful }
    const found = result.error.issues
      .slice(0, MOST)
      .flatMap(issue => problemsOf(issue, [], left))
      .slice(0, MOST)
    // what appears after the first round is a consequence of the removal
    if (round === 0) problems.push(...found)
    // a recipe with so much wrong is none; leaving all of it out would take long
    if (found.length >= MOST) return { recipe: undefined, problems, doubtful }
    for (const { path, key } of found) {
      if (key !== undefined) left = without(left, [...path, key])
      else {
        if (path.length === 0) return { recipe: undefined, problems, doubtful }
        doubtful.push(path)
        left = mended(left, path)
      }
    }
  }
  return { recipe: undefined, problems, doubtful }
}

/**
 * Leaves a wrong value out, or puts a stand-in where one is needed; in a list, or where there is none, its container
 * goes.
 */
function mended(root: unknown, path: RecipePath): unknown {
  const standIn = valueAt(STAND_INS, path)
  if (standIn !== undefined) return withValue(root, path, standIn)
  const place = path.findIndex(part => typeof part === 'number')
  if (place > 0 && typeof path[place] === 'number') return mended(root, path.slice(0, place))
  if (valueAt(root, path) !== undefined) return without(root, path)
  return path.length > 1 ? mended(root, path.slice(0, -1)) : root
}

function change(
  root: unknown,
  [part, ...rest]: RecipePath,
  last: (map: Record<PropertyKey, unknown>, part: PropertyKey) => void
): unknown {
  const map: Record<PropertyKey, unknown> =
    typeof root === 'object' && root !== null && !Array.isArray(root) ? { ...root } : {}
  if (rest.length === 0) last(map, part)
  else map[part] = change(map[part], rest, last)
  return map
}

const withValue = (root: unknown, path: RecipePath, value: unknown) =>
  change(root, path, (map, part) =>
    Object.defineProperty(map, part, { value, enumerable: true, configurable: true, writable: true })
  )
const without = (root: unknown, path: RecipePath) =>
  change(root, path, (map, part) => void Reflect.deleteProperty(map, part))
