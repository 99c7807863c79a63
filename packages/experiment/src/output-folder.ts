import { removeEmptyFolder } from '@skipwise/checkpoints'
import { mkdir, rename } from 'node:fs/promises'
import { SkipwiseError } from '@skipwise/core'

/** @throws SkipwiseError `DISK_FULL`, `OUTPUT_WRITE_FAILED` */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new SkipwiseError(code === 'ENOSPC' ? 'DISK_FULL' : 'OUTPUT_WRITE_FAILED', {
      problem: `the folder ${folder} cannot be created (${code})`,
      fix: 'choose an output that is writable',
      cause
    })
  }
}

/** Puts a finished folder in its place in one step. @throws SkipwiseError `OUTPUT_WRITE_FAILED` */
export async function publish(folder: string, output: string): Promise<void> {
  try {
    // an empty folder may be there; one that is not empty is refused
    await removeEmptyFolder(output)
    await rename(folder, output)
  } catch (cause) {
    throw new SkipwiseError('OUTPUT_WRITE_FAILED', {
      problem: `${output} cannot be moved to its place (${(cause as NodeJS.ErrnoException).code})`,
      fix: `the finished model is in ${folder}: remove what is there and run the same command again`,
      cause
    })
  }
}
