import { recipeJsonSchema } from './recipe-schema.js'

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
}

/** The keys that a recipe may have in the map at `path`, of every member of a union. */
export function keysAt(path: readonly PropertyKey[]): string[] {
  let schemas: JsonSchema[] = members(recipeJsonSchema() as JsonSchema)
  for (const part of path) {
    schemas = schemas.flatMap(schema => {
      const next = typeof part === 'number' ? schema.items : schema.properties?.[String(part)]
      return next ? members(next) : []
    })
  }
  return [...new Set(schemas.flatMap(schema => Object.keys(schema.properties ?? {})))]
}

const members = (schema: JsonSchema): JsonSchema[] => (schema.anyOf ? schema.anyOf.flatMap(members) : [schema])
