import { SkipwiseError } from '@skipwise/core'
import { statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** Free bytes on the disk of a folder, which need not exist yet; undefined where the system does not report it. */
export async function freeBytes(folder: string): Promise<number | undefined> {
  for (let place = resolve(folder); ; place = dirname(place)) {
    const found = await statfs(place).catch(() => undefined)
    if (found !== undefined) return found.bavail * found.bsize
    if (place === dirname(place)) return undefined
  }
}

/**
 * Checks that a file of known size fits on the disk of its place, before any of it is written. The file that it
 * replaces stays until the new one is whole, so that its bytes do not count.
 *
 * @param bytes size of the file to write
 * @throws SkipwiseError `DISK_FULL`
 */
export async function checkRoom(path: string, bytes: number): Promise<void> {
  const folder = dirname(resolve(path))
  const free = await freeBytes(folder)
  if (free === undefined || bytes <= free) return
  throw new SkipwiseError('DISK_FULL', {
    problem: `${path} needs ${bytes} bytes, and ${folder} has ${free} free`,
    fix: 'free disk space, or choose an output on another disk'
  })
}
