// The table of a recipe's keys, from its JSON Schema.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../setup/workspace.mjs'

const typeOf = schema => {
  if (schema.enum) return schema.enum.map(value => `\`${value}\``).join(', ')
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(' or ')
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}`
  if (schema.type === 'object') return 'map'
  const bounds = [
    ['≥', schema.minimum],
    ['>', schema.exclusiveMinimum],
    ['≤', schema.maximum],
    ['<', schema.exclusiveMaximum]
  ].filter(([, bound]) => bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER)
  return [schema.type ?? 'anything', ...bounds.map(([sign, bound]) => `${sign} ${bound}`)].join(' ')
}

/** Members of a union that have keys of their own. */
const maps = schema => [schema, ...(schema.anyOf ?? []).flatMap(maps)].filter(each => each.properties)

function* rows(schema, prefix = '') {
  const seen = new Set()
  for (const { properties, required = [] } of maps(schema)) {
    for (const [key, value] of Object.entries(properties)) {
      if (seen.has(key)) continue
      seen.add(key)
      const inner = value.type === 'array' && value.items?.properties ? value.items : value
      const suffix = inner === value ? '' : '[]'
      const means = [
        value.description,
        value.default === undefined || typeof value.default === 'object' ? undefined : `default \`${value.default}\``
      ]
        .filter(Boolean)
        .join('; ')
      yield `| \`${prefix}${key}\`${required.includes(key) ? ' *' : ''} | ${typeOf(value)} | ${means.replaceAll('|', '\\|')} |`
      yield* rows(inner, `${prefix}${key}${suffix}.`)
    }
  }
}

/** The table as Markdown; `*` marks a key that must be there. */
export function recipeKeys() {
  const schema = JSON.parse(readFileSync(join(root, 'packages', 'experiment', 'recipe.schema.json'), 'utf8'))
  return `| key | type | meaning |\n|---|---|---|\n${[...rows(schema)].join('\n')}\n`
}
