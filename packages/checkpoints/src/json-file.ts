import { SkipwiseError } from '@skipwise/core'
import { openForReading, readFully } from './files.js'

/** The longest JSON file accepted, in bytes; a shard index of the largest models takes a few megabytes. */
const MAX_JSON_BYTES = 100_000_000

/**
 * Reads a JSON file whose root is an object.
 *
 * @param code the error code when it is not
 * @throws SkipwiseError `code`, `CHECKPOINT_NOT_FOUND`
 */
export const readJsonObject = async (file: string, code: string): Promise<Record<string, unknown>> => (await readJsonText(file, code)).object

/** {@link readJsonObject} with the text, in which numbers stand as they are spelt. */
export async function readJsonText(file: string, code: string): Promise<{ readonly text: string; readonly object: Record<string, unknown> }> {
  const { handle, bytes } = await openForReading(file)
  const invalid = (problem: string, cause?: unknown) => new SkipwiseError(code, { problem: `${file} ${problem}`, fix: 'get the file again or correct it', cause })
  try {
    if (bytes > MAX_JSON_BYTES) throw invalid(`has ${bytes} bytes, more than the ${MAX_JSON_BYTES} allowed`)
    const content = new Uint8Array(bytes)
    await readFully(handle, content, 0, file)
    const text = new TextDecoder().decode(content)
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (cause) {
      throw invalid(`is not valid JSON (${(cause as Error).message})`, cause)
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('is not a JSON object')
    return { text, object: value as Record<string, unknown> }
  } finally {
    await handle.close()
  }
}
