import { stat } from 'node:fs/promises'
import { invalidFile } from './lines.js'

/**
 * What tells that a file is another than before: compared for equality alone, so that a clock that is set back does
 * not matter.
 */
export interface FileState {
  readonly size: number
  readonly changed: number
  readonly inode: number
}

/** The state of a file. @throws SkipwiseError `DATA_FILE_INVALID` */
export async function stateOf(file: string): Promise<FileState> {
  const found = await stat(file).catch((cause: NodeJS.ErrnoException) => {
    throw invalidFile(file, `cannot be read (${cause.code})`, 'check the file and its permissions', cause)
  })
  return { size: found.size, changed: found.mtimeMs, inode: found.ino }
}

/** @throws SkipwiseError `DATA_FILE_INVALID` for a file that is another than `before` */
export async function checkUnchanged(file: string, before: FileState): Promise<void> {
  const { size, changed, inode } = await stateOf(file)
  if (size === before.size && changed === before.changed && inode === before.inode) return
  throw invalidFile(file, 'changed while it was read', 'wait until it is complete, and run this again')
}
