import { ERROR_CHARACTERS, ERRORS_TOLD } from './limits.js'
import { shortened, visibleLines } from './visible.js'

const marker = Symbol.for('skipwise.error')

/** What an error says besides its code. */
export interface SkipwiseErrorDetails {
  /** What is wrong, and where: a file, a key, a line. */
  readonly problem: string
  /** What to do about it. */
  readonly fix: string
  readonly cause?: unknown
}

/**
 * The one error class of Skipwise. `code` is permanent and never reused; the message reads `CODE: problem: fix`.
 * Problem and fix often contain names from files: they are made visible ({@link visibleLines}) and, where they are very
 * long, shortened.
 *
 * @example
 * ```ts
 * throw new SkipwiseError('CHECKPOINT_TRUNCATED', {
 *   problem: 'model.safetensors ends at byte 1024 of 4096',
 *   fix: 'download the file again'
 * })
 * ```
 */
export class SkipwiseError extends Error {
  readonly code: string
  readonly problem: string
  readonly fix: string
  /** Recognises errors across duplicate installs of this package. @internal */
  readonly [marker] = true

  constructor(code: string, details: SkipwiseErrorDetails) {
    const problem = shown(details.problem)
    const fix = shown(details.fix)
    super(`${code}: ${problem}: ${fix}`, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'SkipwiseError'
    this.code = code
    this.problem = problem
    this.fix = fix
  }
}

const shown = (text: string) => visibleLines(shortened(text, ERROR_CHARACTERS))

/** Whether `value` is a {@link SkipwiseError}, of this or another copy of this package. */
export const isSkipwiseError = (value: unknown): value is SkipwiseError =>
  typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[marker] === true

/** Several errors found together, for instance in a recipe, thrown together: `errors` has each of them. */
export class SkipwiseErrors extends SkipwiseError {
  readonly errors: readonly SkipwiseError[]

  constructor(errors: readonly SkipwiseError[]) {
    const told = errors.slice(0, ERRORS_TOLD).map(({ problem, code, fix }) => `${problem} (${code}: ${fix})`)
    if (errors.length > ERRORS_TOLD) told.push(`and ${errors.length - ERRORS_TOLD} more`)
    super(errors[0]?.code ?? 'UNKNOWN', {
      problem: errors.length === 1 ? errors[0].problem : told.join('\n'),
      fix: errors.length === 1 ? errors[0].fix : `fix the ${errors.length} problems above`
    })
    this.errors = errors
  }
}

/** A table of a package's codes with what each means; the error reference is generated from these. */
export type ErrorCodes = Readonly<Record<string, string>>

/** The codes that `@skipwise/core` throws. */
export const coreErrorCodes = {
  PLUGIN_INVALID: 'A value passed to the registry is not a plugin made by definePlugin.',
  PLUGIN_API_VERSION: 'A plugin was made for another version of the plugin contract.',
  PLUGIN_DUPLICATE: 'Two plugins of one kind have the same name.',
  PLUGIN_UNKNOWN: 'No plugin of this kind and name is registered.',
  PLUGIN_CONFIG: 'The configuration of a plugin does not satisfy its schema.',
  RANDOM_RANGE: 'A random draw from an impossible range was requested.'
} as const satisfies ErrorCodes
