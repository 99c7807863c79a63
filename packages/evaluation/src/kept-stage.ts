import { parseJson, readNamedFile, writeJsonAtomic } from '@skipwise/checkpoints'
import { isSkipwiseError, SkipwiseError } from '@skipwise/core'
import { createHash } from 'node:crypto'
import { z } from 'zod'

const keptSchema = z.strictObject({ key: z.string(), sha256: z.string(), value: z.unknown() })

/** Digest of a stage's value, as JSON. */
const digestOf = (key: string, value: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify([key, value]))
    .digest('hex')

/**
 * Stores the result of a finished stage of a run, with its digest, so that a resumed run does not repeat it.
 *
 * @param key digest of everything that determines the value
 * @throws SkipwiseError what writing throws
 */
export async function keepStage(file: string, key: string, value: unknown): Promise<void> {
  await writeJsonAtomic(file, { key, sha256: digestOf(key, value), value })
}

/**
 * The stored result of a stage; undefined when there is none, or it has another key.
 *
 * @throws SkipwiseError `STATE_DAMAGED` when the file is not as {@link keepStage} wrote it, `FILE_REFUSED`
 */
export async function keptStage<Value>(
  file: string,
  key: string,
  schema: z.ZodType<Value>
): Promise<{ readonly value: Value } | undefined> {
  const bytes = await readNamedFile(file, 'result')
  if (bytes === undefined) return undefined
  const kept = keptSchema.safeParse(jsonOf(bytes, file)).data
  if (kept === undefined || kept.sha256 !== digestOf(kept.key, kept.value)) throw damagedState(file)
  if (kept.key !== key) return undefined
  const value = schema.safeParse(kept.value)
  if (!value.success) throw damagedState(file, 'its content is not that of this stage')
  return { value: value.data }
}

/** The object in a JSON file, undefined when there is none. */
export function jsonOf(bytes: Uint8Array, file: string): unknown {
  try {
    return parseJson(bytes, file, 'STATE_DAMAGED').object
  } catch (error) {
    if (isSkipwiseError(error)) return undefined
    throw error
  }
}

/** The error for a damaged file that a run would be resumed from. */
export const damagedState = (file: string, problem = 'its digest does not match its content'): SkipwiseError =>
  new SkipwiseError('STATE_DAMAGED', {
    problem: `${file} is damaged: ${problem}`,
    fix: 'remove this file and run the same command again: its content is computed again'
  })
