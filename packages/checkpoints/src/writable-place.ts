import { SkipwiseError } from '@skipwise/core'
import { constants } from 'node:fs'
import { access, lstat, statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * Virtual file systems of the kernel: proc, sysfs, debugfs, tracefs, both versions of cgroup. Making a folder there
 * never ends.
 */
const PSEUDO = new Set([0x9fa0, 0x62656572, 0x64626720, 0x74726163, 0x27e0eb, 0x63677270])

/**
 * Checks whether a folder or file can be created at `path`, before any work, without creating anything.
 *
 * @throws SkipwiseError `OUTPUT_WRITE_FAILED` where a file or a file system of the kernel is in the way, or permission
 * is missing
 */
export async function checkPlace(path: string): Promise<void> {
  const refuse = (problem: string, cause?: unknown) =>
    new SkipwiseError('OUTPUT_WRITE_FAILED', {
      problem: `${path} cannot be created: ${problem}`,
      fix: 'choose an output that is writable',
      cause
    })
  let folder = dirname(resolve(path))
  for (;;) {
    try {
      const found = await lstat(folder)
      if (!found.isDirectory() && !found.isSymbolicLink()) throw refuse(`${folder} is not a folder`)
      break
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      if (code === 'ENOTDIR' || code === 'ENOENT') folder = dirname(folder)
      else throw code === 'OUTPUT_WRITE_FAILED' ? error : refuse(code, error)
    }
  }
  const { type } = await statfs(folder)
  if (PSEUDO.has(type)) throw refuse(`${folder} belongs to the system and cannot contain files`)
  await access(folder, constants.W_OK | constants.X_OK).catch((error: NodeJS.ErrnoException) => {
    throw refuse(
      error.code === 'EROFS'
        ? `the file system of ${folder} is read-only (EROFS)`
        : `permission denied in ${folder} (${error.code})`,
      error
    )
  })
}
