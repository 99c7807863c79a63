import { z } from 'zod'

/**
 * A step or a sequence of steps, distinguished by the type, so that an error names the place of a mistake.
 *
 * @param sequence the schema of the type Sequence
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

/** A step of an unknown type. */
function typeOf(value: unknown, path: readonly PropertyKey[]): string {
  if (path.at(-1) !== 'type' || typeof value !== 'object' || value === null || !('type' in value)) return ''
  return ` (${JSON.stringify(value.type)?.slice(0, 60)})`
}
