import { SkipwiseError } from '@skipwise/core'
import { createHash, type Hash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'

/** The largest vocabularies in use take about 35 MB of JSON. */
const MAX_BYTES = 500_000_000

/**
 * Reads a JSON object and adds the file's bytes to `hash`.
 *
 * @returns undefined when the file does not exist
 * @throws SkipwiseError `TOKENIZER_INVALID`, `TOKENIZER_NOT_FOUND` (it exists but cannot be read)
 */
export async function readJsonObject(file: string, hash: Hash = createHash('sha256')): Promise<Record<string, unknown> | undefined> {
  let content: Buffer
  try {
    const stats = await stat(file)
    if (!stats.isFile()) throw new Error('it is not a regular file')
    if (stats.size > MAX_BYTES) throw new Error(`it has ${stats.size} bytes, more than the ${MAX_BYTES} allowed`)
    content = await readFile(file)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new SkipwiseError('TOKENIZER_NOT_FOUND', { problem: `${file} cannot be read (${(cause as Error).message})`, fix: 'check the file and its permissions', cause })
  }
  hash.update(content)
  let value: unknown
  try {
    value = JSON.parse(content.toString())
  } catch (cause) {
    throw invalid(file, `it is not valid JSON (${(cause as Error).message})`, cause)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(file, 'it is not a JSON object')
  return value as Record<string, unknown>
}

/** `TOKENIZER_INVALID`, saying what is wrong in which file. */
export const invalid = (file: string, problem: string, cause?: unknown) =>
  new SkipwiseError('TOKENIZER_INVALID', { problem: `${file}: ${problem}`, fix: 'get the file again, or save it again with transformers', cause })
