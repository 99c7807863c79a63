import { SkipwiseErrors } from '@skipwise/core'
import type { PluginNames } from './plugin-problems.js'
import { openRecipe, sorted } from './recipe-document.js'
import type { Recipe } from './recipe-schema.js'

/**
 * Reads a recipe. Everything that is wrong with it is reported together, each with file, line and column; {@link
 * openRecipe} with {@link resolveRecipe} reports what is wrong with the files and parts that it names too.
 *
 * @param fileName for messages
 * @param registry finds the plugins that the recipe names, of which names and options are checked too; left out, they
 * are not
 * @throws SkipwiseErrors with `RECIPE_INVALID` and `PLUGIN_UNKNOWN`; SkipwiseError `RECIPE_SYNTAX`
 *
 * @example
 * ```ts
 * const recipe = parseRecipe(await readFile('extend.yaml', 'utf8'), 'extend.yaml')
 * ```
 */
export function parseRecipe(text: string, fileName: string, registry?: PluginNames): Recipe {
  const { recipe, problems } = openRecipe(text, fileName, registry)
  if (problems.length > 0) throw new SkipwiseErrors(sorted(problems))
  return recipe
}
