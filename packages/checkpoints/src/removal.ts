// The only module that removes files: only files that Skipwise wrote under its own names, or in a folder that this
// process made. A lint rule keeps removals out of every other file.
import { mkdtemp, readdir, rm, rmdir, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Removes one file that Skipwise has written: a temporary file, a lock, a state. A missing file is not an error.
 * Folders are never removed; of a link, only the link is.
 *
 * @param file a path with a name that only Skipwise uses
 */
export async function removeOwnFile(file: string): Promise<void> {
  try {
    await unlink(file)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

/**
 * Removes a folder if it is empty.
 *
 * @returns whether it was removed
 */
export async function removeEmptyFolder(folder: string): Promise<boolean> {
  try {
    await rmdir(folder)
    return true
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') return true
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR') return false
    throw error
  }
}

/**
 * Removes the files of a folder whose names are ours, and then the folders that are empty, including the folder itself.
 * Links are not followed. Everything else stays where it is.
 *
 * @param isOurs called with each file's path, relative to the folder, with `/` between its parts
 * @returns the relative paths that stayed, sorted
 */
export async function removeOwnFiles(folder: string, isOurs: (path: string) => boolean): Promise<string[]> {
  const kept: string[] = []
  const visit = async (relative: string): Promise<void> => {
    const entries = await readdir(join(folder, relative), { withFileTypes: true }).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return []
      throw error
    })
    for (const entry of entries) {
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`
      if (entry.isDirectory()) await visit(path)
      else if (isOurs(path)) await removeOwnFile(join(folder, path))
      else kept.push(path)
    }
    await removeEmptyFolder(join(folder, relative))
  }
  await visit('')
  return kept.sort()
}

/** Runs `use` with a new temporary folder of the system, and removes that folder afterwards in any case. */
export async function withTemporaryFolder<Result>(
  prefix: string,
  use: (folder: string) => Promise<Result>
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), prefix))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code
