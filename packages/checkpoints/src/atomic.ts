import { isSkipwiseError, SkipwiseError } from '@skipwise/core'
import { randomBytes } from 'node:crypto'
import { open, rename, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { writeFully } from './files.js'
import { removeOwnFile } from './removal.js'

/** Names of the temporary files of atomic writes, which a killed process leaves. */
export const TEMPORARY_FILE = /^\..+\.\d+\.[0-9a-f]+\.tmp$/s

/**
 * A file written and flushed under a temporary name in the folder of its path; nothing is visible under `path` before
 * `commit`.
 */
export interface PendingFile {
  readonly path: string
  /** Renames it into place. */
  commit(): Promise<void>
  /** Removes it. */
  discard(): Promise<void>
}

/**
 * Writes a file under a temporary name next to `path` and flushes it to the disk.
 *
 * @throws SkipwiseError `DISK_FULL`, `CHECKPOINT_WRITE_FAILED`; the temporary file is then removed. An error of `write`
 * that is a SkipwiseError is thrown unchanged.
 */
export async function preparePending(path: string, write: (handle: FileHandle) => Promise<void>): Promise<PendingFile> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`)
  const discard = () => removeOwnFile(temporary)
  try {
    const handle = await open(temporary, 'wx')
    try {
      await write(handle)
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    await discard().catch(() => undefined)
    throw writeError(path, error)
  }
  const commit = async () => {
    try {
      await rename(temporary, path)
      await syncFolder(dirname(path))
    } catch (error) {
      await discard().catch(() => undefined)
      throw writeError(path, error)
    }
  }
  return { path, commit, discard }
}

/** Makes a rename survive a power cut. Not every platform can open a folder; the rename itself is done by then. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => undefined)
  await handle?.close()
}

/** The coded error for a failed write. */
export function writeError(path: string, error: unknown): Error {
  if (isSkipwiseError(error)) return error
  const cause = error as NodeJS.ErrnoException
  if (cause.code === 'ENOSPC' || cause.code === 'EDQUOT') {
    return new SkipwiseError('DISK_FULL', {
      problem: `no space left to write ${path} (${cause.code})`,
      fix: 'free disk space or choose another output folder; the existing file is unchanged',
      cause
    })
  }
  return new SkipwiseError('CHECKPOINT_WRITE_FAILED', {
    problem: `cannot write ${path} (${cause.code ?? cause.message})`,
    fix: 'check that the folder exists and is writable; the existing file is unchanged',
    cause
  })
}

/**
 * Replaces a file as a whole or not at all: temporary file in the same folder, fsync, rename.
 *
 * @throws SkipwiseError `DISK_FULL`, `CHECKPOINT_WRITE_FAILED`; the file at `path` is then unchanged
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
  await (await preparePending(path, handle => writeFully(handle, bytes))).commit()
}

/**
 * {@link writeFileAtomic} of pieces as they come, of which only one is in memory.
 *
 * @param pieces each is written before the next is asked for
 * @throws SkipwiseError `DISK_FULL`, `CHECKPOINT_WRITE_FAILED`, and what `pieces` throws, as it is; the file at `path`
 * is then unchanged
 */
export async function writePiecesAtomic(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  let failure: { readonly error: unknown } | undefined
  const watched = async function* () {
    try {
      yield* pieces
    } catch (error) {
      failure = { error }
      throw error
    }
  }
  const write = async (handle: FileHandle) => {
    for await (const piece of watched()) await writeFully(handle, piece)
  }
  const pending = await preparePending(path, write).catch((error: unknown) => {
    throw failure === undefined ? error : failure.error
  })
  await pending.commit()
}

/** {@link writeFileAtomic} of `value` as JSON, indented by two, with a final line end; keys keep their order. */
export async function writeJsonAtomic(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`)
}
