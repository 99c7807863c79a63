import { SkipwiseError } from '@skipwise/core'
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'

/** Largest size of a single read or write: the system call takes at most 2 GiB. */
const MAX_CALL_BYTES = 0x40000000

/**
 * Opens a regular file for reading.
 *
 * @throws SkipwiseError `CHECKPOINT_NOT_FOUND` when it does not exist, is not a regular file (a pipe would never end),
 * or may not be read
 */
export async function openForReading(file: string): Promise<{ readonly handle: FileHandle; readonly bytes: number }> {
  let handle: FileHandle | undefined
  try {
    // Without O_NONBLOCK, opening a pipe would wait for a writer before it could be refused.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
    const stats = await handle.stat()
    if (stats.isFile()) return { handle, bytes: stats.size }
  } catch (cause) {
    await handle?.close()
    throw new SkipwiseError('CHECKPOINT_NOT_FOUND', {
      problem: `${file} cannot be opened (${(cause as NodeJS.ErrnoException).code ?? (cause as Error).message})`,
      fix: 'check the path and its permissions',
      cause
    })
  }
  await handle.close()
  throw new SkipwiseError('CHECKPOINT_NOT_FOUND', { problem: `${file} is not a regular file`, fix: 'pass a file' })
}

/**
 * Fills `target` from `position` on.
 *
 * @throws SkipwiseError `CHECKPOINT_TRUNCATED` when the file ends before
 */
export async function readFully(handle: FileHandle, target: Uint8Array, position: number, file: string): Promise<void> {
  for (let done = 0; done < target.length;) {
    const { bytesRead } = await handle.read(
      target,
      done,
      Math.min(target.length - done, MAX_CALL_BYTES),
      position + done
    )
    if (bytesRead === 0) {
      throw new SkipwiseError('CHECKPOINT_TRUNCATED', {
        problem: `${file} ends at byte ${position + done}, ${target.length - done} bytes too early`,
        fix: 'the copy or the download is incomplete: download the file again'
      })
    }
    done += bytesRead
  }
}

/** Writes all of `data` at the handle's current position. */
export async function writeFully(handle: FileHandle, data: Uint8Array): Promise<void> {
  for (let done = 0; done < data.length;) {
    done += (await handle.write(data, done, Math.min(data.length - done, MAX_CALL_BYTES))).bytesWritten
  }
}
