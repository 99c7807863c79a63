import { clip } from '@skipwise/core'
import type { z } from 'zod'

/** What Zod says of a value that is wrong. */
export type SchemaIssue = z.core.$ZodIssue | z.core.$ZodRawIssue

const NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map of keys',
  record: 'a map of keys',
  array: 'a list',
  tuple: 'a list',
  null: 'nothing'
}

/** What a schema expects, as a person says it. */
export const nameOfType = (expected: string): string => NAMES[expected] ?? expected

/** A value for a message: short, on one line. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map of keys'
  if (typeof value === 'string') return `'${clip(value)}'`
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a ${typeof value}`
}

/**
 * What an issue of a zod schema says, in the words of this project: a user never reads those of a schema library. For
 * `z.config({ customError: issue => schemaWords(issue) })`.
 *
 * @param input what was found, where the issue does not have it
 * @returns undefined where the schema has a message of its own, which then stands
 */
export function schemaWords(issue: SchemaIssue, input: unknown = issue.input): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${nameOfType(issue.expected)}, found ${shown(input)}`
    case 'invalid_value':
      return `expected ${issue.values.map(value => shown(value)).join(' or ')}, found ${shown(input)}`
    case 'too_small':
      return `${sized(issue.origin, issue.minimum, issue.inclusive === false ? 'above' : 'at least')}${found(issue.origin, input)}`
    case 'too_big':
      return `${sized(issue.origin, issue.maximum, issue.inclusive === false ? 'below' : 'at most')}${found(issue.origin, input)}`
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}, found ${shown(input)}`
    case 'unrecognized_keys':
      return `unknown ${issue.keys.length === 1 ? 'key' : 'keys'} ${issue.keys
        .slice(0, 5)
        .map(key => `'${clip(key)}'`)
        .join(', ')}`
    case 'invalid_format':
      return `${shown(input)} does not have the expected form${'pattern' in issue && issue.pattern ? ` (${clip(issue.pattern, 80)})` : ''}`
    case 'invalid_union':
      return `${shown(input)} is none of the expected values`
    default:
      return undefined
  }
}

const found = (origin: string, input: unknown) =>
  origin === 'number' || origin === 'int' ? `, found ${shown(input)}` : ''

function sized(origin: string, bound: number | bigint, how: string): string {
  if (origin === 'string') return bound === 1 && how === 'at least' ? 'is empty' : `expected ${how} ${bound} characters`
  if (origin === 'array' || origin === 'set')
    return bound === 1 && how === 'at least' ? 'the list is empty' : `expected a list of ${how} ${bound}`
  // zod's own bound of whole numbers tells nobody anything
  return Math.abs(Number(bound)) >= Number.MAX_SAFE_INTEGER
    ? 'the number is too large to be exact'
    : `expected ${how} ${bound}`
}
