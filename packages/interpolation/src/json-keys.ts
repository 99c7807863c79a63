import { SkipwiseError } from '@skipwise/core'

/** An object of `config.json`, untrusted. */
export type JsonObject = Readonly<Record<string, unknown>>

/** The error for a key with an impossible value. */
export function keyError(problem: string, fix: string): SkipwiseError {
  return new SkipwiseError('ROPE_CONFIG_INVALID', { problem, fix })
}

/** A value of a file for a message: short, on one line, and whatever its depth. */
export function shown(value: unknown): string {
  if (Array.isArray(value) && value.length > 8) return `a list of ${value.length}`
  try {
    // JSON escapes the control characters below U+0020, terminals act on more of them
    const text = (JSON.stringify(value) ?? String(value)).replace(/[\u007f-\u009f\u2028\u2029]/g, escaped)
    return text.length > 80 ? `${text.slice(0, 77)}…` : text
  } catch (error) {
    if (error instanceof RangeError) return 'a deeply nested value'
    throw error
  }
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** An own key's value; JSON null counts as missing, as in transformers. */
export const valueOf = (object: JsonObject, key: string): unknown =>
  Object.hasOwn(object, key) ? (object[key] ?? undefined) : undefined

/** @throws SkipwiseError `ROPE_CONFIG_INVALID` */
export function objectAt(object: JsonObject, key: string): JsonObject | undefined {
  const value = valueOf(object, key)
  if (value === undefined) return undefined
  if (typeof value !== 'object' || Array.isArray(value))
    throw keyError(`${key} is ${shown(value)}`, `make ${key} an object or remove it`)
  return value as JsonObject
}

/** @throws SkipwiseError `ROPE_CONFIG_INVALID` when it is there and is not a number of at least `least` */
export function numberAt(object: JsonObject, key: string, least: number): number | undefined {
  const value = valueOf(object, key)
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isFinite(value) || value < least) {
    throw keyError(`${key} is ${shown(value)}`, `give a number of at least ${least}`)
  }
  return value
}

/** @throws SkipwiseError `ROPE_CONFIG_INVALID` when it is there and is not an integer ≥ 1 */
export function lengthAt(object: JsonObject, key: string): number | undefined {
  const value = numberAt(object, key, 1)
  if (value !== undefined && !Number.isSafeInteger(value)) throw keyError(`${key} is ${value}`, 'give an integer')
  return value
}

/** @throws SkipwiseError `ROPE_CONFIG_INVALID` */
export function numbersAt(object: JsonObject, key: string, length: number): number[] {
  const value = valueOf(object, key)
  if (
    !Array.isArray(value) ||
    value.length !== length ||
    !value.every(each => typeof each === 'number' && Number.isFinite(each) && each > 0)
  ) {
    throw keyError(
      `${key} is not a list of ${length} numbers above 0`,
      `give rotary dimensions / 2 = ${length} factors`
    )
  }
  return value as number[]
}

/** @throws SkipwiseError `ROPE_CONFIG_INVALID` when the value is missing */
export function required(value: number | undefined, key: string): number {
  if (value === undefined) throw keyError(`${key} is missing`, `add ${key}`)
  return value
}
