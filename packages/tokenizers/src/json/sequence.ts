import { z } from 'zod'

/**
 * A step or a sequence of steps, told apart by their type, so that a mistake is named where it is.
 *
 * @param sequence of the type Sequence
 */
export function sequenceOr<Sequence, Step>(
  sequence: z.ZodType<Sequence>,
  step: z.ZodType<Step>
): z.ZodType<Sequence | Step> {
  return z.unknown().transform((value, context) => {
    const isSequence = typeof value === 'object' && value !== null && 'type' in value && value.type === 'Sequence'
    const parsed: z.ZodSafeParseResult<Sequence | Step> = isSequence ? sequence.safeParse(value) : step.safeParse(value)
    if (parsed.success) return parsed.data
    for (const { path, message } of parsed.error.issues)
      context.addIssue({ code: 'custom', path, message: `${message}${typeOf(value, path)}` })
    return z.NEVER
  })
}

/** What a type is that is not known. */
function typeOf(value: unknown, path: readonly PropertyKey[]): string {
  if (path.at(-1) !== 'type' || typeof value !== 'object' || value === null || !('type' in value)) return ''
  return ` (${JSON.stringify(value.type)?.slice(0, 60)})`
}
