import { statSync, type Stats } from 'node:fs'
import { invalidFile, unreadable } from './lines.js'

/**
 * What tells that a file is another than before: compared for equality alone, so that a clock that is set back does
 * not matter.
 */
export interface FileState {
  readonly size: number
  readonly changed: number
  readonly inode: number
}

/**
 * The state of a file, without waiting for a thread: of a hundred thousand small files, that takes most of the time.
 *
 * @throws SkipwiseError `DATA_FILE_INVALID`
 */
export function stateOf(file: string): FileState {
  let found: Stats
  try {
    found = statSync(file)
  } catch (cause) {
    throw unreadable(file, cause)
  }
  return { size: found.size, changed: found.mtimeMs, inode: found.ino }
}

/** @throws SkipwiseError `DATA_FILE_INVALID` for a file that is another than `before` */
export function checkUnchanged(file: string, before: FileState): void {
  const { size, changed, inode } = stateOf(file)
  if (size === before.size && changed === before.changed && inode === before.inode) return
  throw invalidFile(file, 'changed while it was read', 'wait until it is complete, and run the command again')
}
