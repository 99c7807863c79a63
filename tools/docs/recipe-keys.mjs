// The table of a recipe's keys, from its JSON Schema.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../setup/workspace.mjs'
import { importSource } from './import-source.mjs'

const { allKeys, typeText } = await importSource('packages/experiment/src/json-schema.ts')

const style = { or: ' or ', word: value => `\`${value}\``, map: () => 'map' }

function row({ name, schema, required }) {
  const given = schema.default === undefined || typeof schema.default === 'object' ? undefined : schema.default
  const means = [schema.description, given === undefined ? undefined : `default \`${given}\``]
  const text = means.filter(Boolean).join('; ').replaceAll('|', '\\|')
  return `| \`${name}\`${required ? ' *' : ''} | ${typeText(schema, style)} | ${text} |`
}

/** The table as Markdown; `*` marks a key that must be there. */
export function recipeKeys() {
  const schema = JSON.parse(readFileSync(join(root, 'packages', 'experiment', 'recipe.schema.json'), 'utf8'))
  return `| key | type | meaning |\n|---|---|---|\n${allKeys(schema).map(row).join('\n')}\n`
}
