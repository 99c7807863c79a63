import { parseJson, readNamedFile, writeJsonAtomic } from '@skipwise/checkpoints'
import { isSkipwiseError, SkipwiseError } from '@skipwise/core'
import { createHash } from 'node:crypto'
import { z } from 'zod'

const keptSchema = z.strictObject({ key: z.string(), sha256: z.string(), value: z.unknown() })

/** Digest of a stage, of what JSON keeps of it. */
const digestOf = (key: string, value: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify([key, value]))
    .digest('hex')

/**
 * Keeps what a finished stage of a run gave, with its digest, so that a resumed run does not repeat it.
 *
 * @param key digest of all that decides the value
 * @throws SkipwiseError what writing throws
 */
export async function keepStage(file: string, key: string, value: unknown): Promise<void> {
  await writeJsonAtomic(file, { key, sha256: digestOf(key, value), value })
}

/**
 * What is kept of a stage under a key; undefined when there is nothing, or it is of another key.
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
  if (!value.success) throw damagedState(file, 'it holds something else than this stage gives')
  return { value: value.data }
}

/** The object of a JSON file, undefined when it holds none. */
export function jsonOf(bytes: Uint8Array, file: string): unknown {
  try {
    return parseJson(bytes, file, 'STATE_DAMAGED').object
  } catch (error) {
    if (isSkipwiseError(error)) return undefined
    throw error
  }
}

/** A file that a run was to go on from, and what to do about it. */
export const damagedState = (file: string, problem = 'its digest is not that of its content'): SkipwiseError =>
  new SkipwiseError('STATE_DAMAGED', {
    problem: `${file} is damaged: ${problem}`,
    fix: 'remove this file and run the same command again: what it kept is computed again'
  })
