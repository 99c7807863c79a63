import { SkipwiseError } from '@skipwise/core'
import { join } from 'node:path'
import { MAX_NESTING } from './file-limits.js'
import { readFolderFile } from './guarded-file.js'

/**
 * Parses the bytes of a JSON file whose root is an object.
 *
 * @param file its path, for messages
 * @param code the error code for anything else
 * @returns the object, and the text with the spelling of its numbers
 * @throws SkipwiseError `code`
 */
export function parseJson(
  bytes: Uint8Array,
  file: string,
  code: string
): { readonly text: string; readonly object: Record<string, unknown> } {
  const invalid = (problem: string, cause?: unknown) =>
    new SkipwiseError(code, { problem: `${file} ${problem}`, fix: 'download the file again or correct it', cause })
  if (isDeeperThan(bytes, MAX_NESTING)) throw invalid(`has objects and lists nested more than ${MAX_NESTING} deep`)
  const text = new TextDecoder().decode(bytes)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw invalid(`is not valid JSON (${cause instanceof Error ? cause.message : String(cause)})`, cause)
  }
  if (!isObject(value)) throw invalid('is not a JSON object')
  return { text, object: value }
}

/**
 * Reads a JSON object from a file of a folder, as {@link readFolderFile} reads.
 *
 * @returns undefined when the folder has no such file
 * @throws SkipwiseError `code`, `FILE_REFUSED`
 */
export async function readFolderJson(
  folder: string,
  name: string,
  code: string
): Promise<Record<string, unknown> | undefined> {
  const bytes = await readFolderFile(folder, name)
  return bytes && parseJson(bytes, join(folder, name), code).object
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** Whether brackets outside strings are nested deeper than a limit; the text need not be JSON. */
function isDeeperThan(bytes: Uint8Array, most: number): boolean {
  let depth = 0
  let inString = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (inString) {
      if (byte === BACKSLASH) i++
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) inString = true
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      depth++
      if (depth > most) return true
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--
  }
  return false
}
