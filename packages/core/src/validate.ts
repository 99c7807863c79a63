import type { StandardSchemaV1 } from '@standard-schema/spec'
import { SkipwiseError } from './errors.js'

/**
 * Validates `value` with a Standard Schema (zod, valibot, arktype, …); synchronous schemas only.
 *
 * @param code the error code to throw with
 * @param where what is validated, for the message
 * @throws SkipwiseError `code`, naming every key that is wrong
 */
export function validate<Schema extends StandardSchemaV1>(
  schema: Schema,
  value: unknown,
  code: string,
  where: string
): StandardSchemaV1.InferOutput<Schema> {
  const result = schema['~standard'].validate(value)
  if (result instanceof Promise) {
    throw new SkipwiseError(code, {
      problem: `the schema of ${where} is asynchronous`,
      fix: 'use a synchronous schema'
    })
  }
  if (!result.issues) return result.value
  throw new SkipwiseError(code, {
    problem: `${where}: ${result.issues.map(issue => `${pathOf(issue)}${issue.message}`).join('; ')}`,
    fix: 'correct these keys'
  })
}

function pathOf(issue: StandardSchemaV1.Issue): string {
  const path = (issue.path ?? []).map(part => String(typeof part === 'object' ? part.key : part)).join('.')
  return path && `${path}: `
}
