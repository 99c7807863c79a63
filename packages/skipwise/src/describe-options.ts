import type { StandardSchemaV1 } from '@skipwise/core'
import { z } from 'zod'

/** An option of a plugin, as a person reads it. */
export interface PluginOption {
  readonly name: string
  /** `integer ≥ 1`, `sampled | contiguous`, `list of number > 0`; missing where the schema does not tell. */
  readonly type?: string
  readonly required: boolean
  readonly default?: unknown
  readonly description?: string
}

interface JsonSchema {
  readonly type?: string
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

/**
 * The options that a configuration schema takes. A schema of zod says everything; of any other Standard Schema only the
 * defaults are known, from the result of an empty configuration, since the standard has no way to ask for more.
 */
export async function describeOptions(schema: StandardSchemaV1): Promise<PluginOption[]> {
  if (!('_zod' in schema)) {
    const read = await schema['~standard'].validate({})
    return read.issues
      ? []
      : Object.entries(read.value as object).map(([name, value]) => ({
          name,
          required: false,
          default: value as unknown
        }))
  }
  const { properties = {}, required = [] } = z.toJSONSchema(schema as z.ZodType, {
    io: 'input',
    unrepresentable: 'any'
  }) as JsonSchema
  return Object.entries(properties).map(([name, option]) => ({
    name,
    type: typeText(option),
    required: required.includes(name),
    ...('default' in option && { default: option.default }),
    ...(option.description !== undefined && { description: option.description })
  }))
}

/** A default integer bound of zod's, which tells nobody anything. */
const bound = (value: number | undefined) =>
  value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : undefined

function typeText(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.join(' | ')
  if (schema.anyOf) return schema.anyOf.map(typeText).join(' | ')
  if (schema.type === 'array') return `list of ${schema.items ? typeText(schema.items) : 'anything'}`
  if (schema.properties) return `{ ${Object.keys(schema.properties).join(', ')} }`
  const bounds = [
    ['≥', schema.minimum],
    ['>', schema.exclusiveMinimum],
    ['≤', schema.maximum],
    ['<', schema.exclusiveMaximum]
  ] as const
  const shown = bounds.flatMap(([sign, value]) => (bound(value) === undefined ? [] : [`${sign} ${value}`]))
  return [schema.type ?? 'anything', shown.join(', ')].filter(Boolean).join(' ')
}
