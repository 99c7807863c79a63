import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/** Bytes of a file that is read at once. */
const SMALL = 1 << 20

/**
 * The bytes of a small file, read without a stream: one takes half a millisecond to make, and a corpus may be a hundred
 * thousand files of a page each.
 *
 * @returns undefined for a file that is larger, grows meanwhile, or is not a regular one
 * @throws Error of the system
 */
export function readSmall(file: string): Uint8Array | undefined {
  // A pipe would be waited for.
  const handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const found = fstatSync(handle)
    if (!found.isFile() || found.size > SMALL) return undefined
    // One byte more tells whether the file has ended.
    const bytes = new Uint8Array(found.size + 1)
    let length = 0
    while (length < bytes.length) {
      const read = readSync(handle, bytes, length, bytes.length - length, null)
      if (read === 0) return bytes.subarray(0, length)
      length += read
    }
    return undefined
  } finally {
    closeSync(handle)
  }
}
