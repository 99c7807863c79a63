import { waitForLock } from '@skipwise/checkpoints'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Waits until no other process downloads a file, and locks it by the file `<file>.writing`.
 *
 * @returns a function that releases the lock
 * @throws the signal's reason
 */
export async function lockDownload(file: string, signal: AbortSignal | undefined): Promise<() => Promise<void>> {
  await mkdir(dirname(file), { recursive: true })
  return waitForLock(`${file}.writing`, signal)
}
