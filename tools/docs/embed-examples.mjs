// Puts what is written elsewhere into the guides: below `<!-- examples/… -->` is the text of that file, below
// `<!-- recipes/… -->` that of a recipe of packages/skipwise, below `<!-- recipes -->` the table of all of them, below
// `<!-- recipe keys -->` the table of a recipe's keys, below `<!-- limits -->` that of the limits of all packages.
// node tools/docs/embed-examples.mjs writes them; tools/checks tests that they are current.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../setup/workspace.mjs'
import { limitsTable } from './limits-table.mjs'
import { recipeKeys } from './recipe-keys.mjs'
import { recipesTable } from './recipes-table.mjs'

const limits = await limitsTable()

const docs = join(root, 'docs')

/** Where the recipes lie that guides show. */
const recipes = join(root, 'packages', 'skipwise', 'recipes')

/** Guides that show such texts. */
export const guides = () =>
  readdirSync(docs).filter(
    name =>
      name.endsWith('.md') &&
      /^<!-- (examples\/|recipes\/|recipes|recipe keys|limits)/m.test(readFileSync(join(docs, name), 'utf8'))
  )

/** The text of a guide with what it asks for. */
export const embedded = text => withLimits(withRecipes(withTable(withFiles(text))))

const withLimits = text => text.replace(/^<!-- limits -->\n(\n(\|.*\n)+)?/m, () => `<!-- limits -->\n\n${limits}`)

const withRecipes = text =>
  text.replace(/^<!-- recipes -->\n(\n(\|.*\n)+)?/m, () => `<!-- recipes -->\n\n${recipesTable(recipes)}`)

const withTable = text =>
  text.replace(/^<!-- recipe keys -->\n(\n(\|.*\n)+)?/m, () => `<!-- recipe keys -->\n\n${recipeKeys()}`)

const withFiles = text =>
  text.replace(
    /^<!-- ((?:examples|recipes)\/\S+\.(\w+)) -->\n(\n```\w+\n.*?^```\n)?/gms,
    (_, path, language) =>
      `<!-- ${path} -->\n\n\`\`\`${language}\n${readFileSync(path.startsWith('recipes/') ? join(recipes, '..', path) : join(docs, path), 'utf8')}\`\`\`\n`
  )

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of guides()) {
    const file = join(docs, name)
    const text = readFileSync(file, 'utf8')
    const current = embedded(text)
    if (current !== text) writeFileSync(file, current)
  }
}
