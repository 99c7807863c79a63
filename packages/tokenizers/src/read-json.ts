import { parseJson, readFolderFile } from '@skipwise/checkpoints'
import { SkipwiseError } from '@skipwise/core'
import { createHash, type Hash } from 'node:crypto'
import { join } from 'node:path'

/**
 * Reads a JSON object from a file of a folder and adds the file's bytes to `hash`.
 *
 * @returns undefined when the file does not exist
 * @throws SkipwiseError `TOKENIZER_INVALID`, `FILE_REFUSED`
 */
export async function readJsonObject(
  folder: string,
  name: string,
  hash: Hash = createHash('sha256')
): Promise<Record<string, unknown> | undefined> {
  const content = await readFolderFile(folder, name)
  if (content === undefined) return undefined
  hash.update(content)
  return parseJson(content, join(folder, name), 'TOKENIZER_INVALID').object
}

/** `TOKENIZER_INVALID`, with the problem and the file. */
export const invalid = (file: string, problem: string, cause?: unknown) =>
  new SkipwiseError('TOKENIZER_INVALID', {
    problem: `${file}: ${problem}`,
    fix: 'download the file again, or save it again with transformers',
    cause
  })
