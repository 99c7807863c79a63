import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { lock } from 'proper-lockfile'

/** Milliseconds between looks at a lock that another process holds. */
const LOOK = 300

/**
 * Waits until no other process downloads a file, and holds it, as the folder `file.lock`. What a killed process left is taken after 10 s without
 * a sign of life.
 *
 * @returns what gives it back
 * @throws the signal's reason
 */
export async function lockDownload(file: string, signal: AbortSignal | undefined): Promise<() => Promise<void>> {
  await mkdir(dirname(file), { recursive: true })
  for (;;) {
    try {
      // One that was lost, by a process that stood still too long, is no harm: the content is checked by its hash.
      return await lock(file, { realpath: false, onCompromised: () => undefined })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error
    }
    await wait(LOOK)
    signal?.throwIfAborted()
  }
}
