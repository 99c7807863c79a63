import type { FileHandle } from 'node:fs/promises'
import { readFully } from './files.js'
import { parseHeader, parseHeaderLength } from './header.js'

/**
 * Reads and checks the header of a safetensors file; tensors are not read.
 *
 * @param bytes size of the file
 * @param file its path, for messages
 * @returns the header, and its bytes: the length (8 bytes) and the JSON
 * @throws SkipwiseError `CHECKPOINT_TRUNCATED`, `CHECKPOINT_HEADER_INVALID`
 */
export async function readHeader(handle: FileHandle, bytes: number, file: string) {
  const length = new Uint8Array(Math.min(8, bytes))
  await readFully(handle, length, 0, file)
  const json = new Uint8Array(parseHeaderLength(length, bytes, file))
  await readFully(handle, json, 8, file)
  return { ...parseHeader(json, bytes, file), length, json }
}
