import {
  readTokenCount,
  TOKEN_COUNT_PATTERN,
  type PluginReference,
  type Registry,
  type StandardSchemaV1
} from '@skipwise/core'
import { z } from 'zod'

const WITH_K = new RegExp(TOKEN_COUNT_PATTERN)

/**
 * The schema of a length in tokens: a whole number, or a text such as `2k` (k = 1,024). What it gives is the number, so
 * that results and keys of runs never have the text.
 *
 * @param minimum fewest tokens
 */
export function tokenCount(minimum: number) {
  const words = `expected a whole number of at least ${minimum}, or one with k, as 2k for 2,048`
  const found = (given: unknown) =>
    `${words}, found ${typeof given === 'string' ? `'${given.slice(0, 40)}'` : 'another'}`
  const isRight = (text: string) => WITH_K.test(text) && (readTokenCount(text) ?? 0) >= minimum
  const text = z
    .string()
    .refine(isRight, { error: ({ input }) => found(input) })
    .meta({ pattern: TOKEN_COUNT_PATTERN })
    .transform(given => readTokenCount(given) ?? minimum)
  return z.union([z.int().min(minimum), text], { error: ({ input }) => found(input) })
}

/**
 * A plugin as it is named, with numbers for the lengths that were written with k: `{ lengths: ['2k'] }` and `{ lengths:
 * [2048] }` are one configuration. A text stays one where the schema does not make that number of it.
 *
 * @param schema of the configuration
 */
export function withTokenCounts(reference: PluginReference, schema: StandardSchemaV1): PluginReference {
  if (reference.config === undefined) return reference
  const read = schema['~standard'].validate(reference.config)
  if (read instanceof Promise || read.issues) return reference
  return { ...reference, config: counted(reference.config, read.value) }
}

/** {@link withTokenCounts} of evaluation suites, by the schemas that they are registered with. */
export const suitesWithTokenCounts = (
  registry: Pick<Registry, 'find'>,
  suites: readonly PluginReference[]
): PluginReference[] => suites.map(suite => withTokenCounts(suite, registry.find('eval-suite', suite.name).config))

/** `given` with the numbers that `read` has in the places of lengths with k. */
function counted(given: unknown, read: unknown): unknown {
  if (typeof given === 'string') return WITH_K.test(given) && readTokenCount(given) === read ? read : given
  if (typeof given !== 'object' || given === null || typeof read !== 'object' || read === null) return given
  const at = (key: string) => (Object.hasOwn(read, key) ? Reflect.get(read, key) : undefined)
  if (Array.isArray(given)) return given.map((item: unknown, i) => counted(item, at(String(i))))
  return Object.fromEntries(
    Object.entries(given).map(([key, item]: [string, unknown]) => [key, counted(item, at(key))])
  )
}
