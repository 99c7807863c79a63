/** The parts of JSON Schema that zod writes. This file imports nothing: tools/docs reads it without a build. */
export interface JsonSchema {
  readonly type?: string
  readonly pattern?: string
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly items?: JsonSchema
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly default?: unknown
  readonly description?: string
}

/** A key of a map. */
export interface SchemaKey {
  readonly name: string
  readonly schema: JsonSchema
  readonly required: boolean
}

/** The members of a union, of unions in it too; of anything else itself. */
const members = (schema: JsonSchema): JsonSchema[] => (schema.anyOf ? schema.anyOf.flatMap(members) : [schema])

/** The keys of a map, or of every map of a union: each once, as the first of them has it. */
export function keysOf(schema: JsonSchema): SchemaKey[] {
  const keys = new Map<string, SchemaKey>()
  for (const { properties = {}, required = [] } of members(schema))
    for (const [name, value] of Object.entries(properties))
      if (!keys.has(name)) keys.set(name, { name, schema: value, required: required.includes(name) })
  return [...keys.values()]
}

/** The keys of the map at a path, which has a number for an item of a list. */
export function keysAt(schema: JsonSchema, path: readonly PropertyKey[]): SchemaKey[] {
  let found = members(schema)
  for (const part of path)
    found = found.flatMap(each => {
      const next = typeof part === 'number' ? each.items : each.properties?.[String(part)]
      return next ? members(next) : []
    })
  return keysOf({ anyOf: found })
}

/** Every key at any depth, with its path as `name`: `window`, `window.original`, `data.sources[].files`. */
export function allKeys(schema: JsonSchema, prefix = ''): SchemaKey[] {
  return keysOf(schema).flatMap(key => {
    const name = `${prefix}${key.name}`
    const items = key.schema.type === 'array' && key.schema.items?.properties ? key.schema.items : undefined
    return [{ ...key, name }, ...allKeys(items ?? key.schema, `${name}${items ? '[]' : ''}.`)]
  })
}

/** A default integer bound of zod's tells nobody anything. */
const isTold = (bound: number | undefined) => bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER

/** How {@link typeText} writes. */
export interface TypeStyle {
  /** Between the members of a union. Default ` | `. */
  readonly or?: string
  /** A word of an enumeration. Default as it is. */
  readonly word?: (value: unknown) => string
  /** A map. Default its keys in braces. */
  readonly map?: (keys: readonly string[]) => string
}

/** The type of a value as a person reads it: `integer ≥ 1`, `sampled | contiguous`, `list of string`, `{ from }`. */
export function typeText(schema: JsonSchema, style: TypeStyle = {}): string {
  const { or = ' | ', word = String, map = keys => (keys.length > 0 ? `{ ${keys.join(', ')} }` : 'map') } = style
  if (schema.enum) return schema.enum.map(word).join(or)
  if (schema.anyOf) return [...new Set(schema.anyOf.map(each => typeText(each, style)))].join(or)
  // a length in tokens as a text, next to the number
  if (schema.pattern?.endsWith('[kK]$')) return 'with k'
  if (schema.type === 'array') return `list of ${typeText(schema.items ?? {}, style)}`
  if (schema.type === 'object') return map(Object.keys(schema.properties ?? {}))
  const bounds = [
    ['≥', schema.minimum],
    ['>', schema.exclusiveMinimum],
    ['≤', schema.maximum],
    ['<', schema.exclusiveMaximum]
  ] as const
  const shown = bounds.flatMap(([sign, bound]) => (isTold(bound) ? [`${sign} ${bound}`] : []))
  return [schema.type ?? 'anything', shown.join(', ')].filter(Boolean).join(' ')
}
