import { randomUUID } from 'node:crypto'
import { link, open, readFile, readlink, rename, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { removeOwnFile } from './removal.js'

/** The process that holds a lock. */
export interface LockOwner {
  readonly pid: number
  readonly host: string
  /** When it took the lock, ISO 8601. */
  readonly since: string
  /** Whether it runs on this machine, where its end can be noticed. */
  readonly here: boolean
}

/** Result of {@link tryLock}: the lock, or its owner. */
export type LockAttempt = { readonly release: () => Promise<void> } | { readonly owner: LockOwner }

/** Content of a lock file, as JSON. */
interface LockFile {
  readonly id: string
  readonly pid: number
  readonly host: string
  readonly since: string
  /** Identifies the start of the machine and its set of process numbers, in which a process number has its meaning. */
  readonly machine: string
  /** Start of the process in the machine's own count, since process numbers are reused. */
  readonly began: string
}

/** Milliseconds between signs of life, and those without one after which a lock of another machine is taken over. */
const SIGN_OF_LIFE = 2_000
const SILENCE = 60_000

/** Milliseconds after which another process that took over the same lock would have been noticed. */
const SETTLE = 50

/**
 * Takes a lock, a file that names its owner, without waiting. A lock whose process has ended on this machine is taken
 * over. One of another machine is not: it is unknown here whether that process runs ({@link waitForLock} watches it).
 *
 * @param file path of the lock; its folder exists
 * @throws the error of the file system where the file cannot be written
 */
export async function tryLock(file: string): Promise<LockAttempt> {
  const own: LockFile = {
    id: randomUUID(),
    pid: process.pid,
    host: hostname(),
    since: new Date().toISOString(),
    ...(await identity(process.pid))
  }
  for (;;) {
    if (await create(file, own)) return { release: held(file, own) }
    const found = await readSettled(file)
    // released between the two calls
    if (found === undefined) continue
    if (await isAlive(found)) return { owner: await ownerOf(found) }
    if (await takeOver(file, found, own)) return { release: held(file, own) }
  }
}

/**
 * Takes a lock, and waits while another process has it. A lock of another machine that gave no sign of life for a
 * minute is taken over; a clock that is set back does not matter, since only changes count.
 *
 * @returns a function that releases the lock
 * @throws the signal's reason when aborted
 */
export async function waitForLock(file: string, signal?: AbortSignal, look = 300): Promise<() => Promise<void>> {
  let seen: number | undefined
  let quietSince = performance.now()
  for (;;) {
    signal?.throwIfAborted()
    const attempt = await tryLock(file)
    if ('release' in attempt) return attempt.release
    const sign = await stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined
    )
    if (sign !== seen) quietSince = performance.now()
    seen = sign
    if (!attempt.owner.here && performance.now() - quietSince > SILENCE) await forget(file)
    await new Promise(resolve => setTimeout(resolve, look))
  }
}

/** Moves a lock that nobody holds any more away, so that only one process succeeds in doing so. */
async function forget(file: string): Promise<void> {
  const found = await readLock(file)
  if (found !== undefined) await moveAway(file, found)
}

/** Writes a whole lock file under another name and links it into place: a lock is never half written. */
async function create(file: string, own: LockFile): Promise<boolean> {
  const pending = `${file}.${own.id}`
  const handle = await open(pending, 'wx')
  try {
    await handle.writeFile(`${JSON.stringify(own)}\n`)
  } finally {
    await handle.close()
  }
  try {
    await link(pending, file)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    // A file system without links: opening a new file is just as exclusive, but the file is empty for a moment.
    if (code === 'EPERM' || code === 'ENOTSUP' || code === 'ENOSYS' || code === 'EOPNOTSUPP')
      return createInPlace(file, own)
    throw error
  } finally {
    await removeOwnFile(pending)
  }
}

async function createInPlace(file: string, own: LockFile): Promise<boolean> {
  try {
    const handle = await open(file, 'wx')
    try {
      await handle.writeFile(`${JSON.stringify(own)}\n`)
    } finally {
      await handle.close()
    }
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Takes over the lock of a process that has ended. Of several that try, one succeeds. */
async function takeOver(file: string, found: LockFile, own: LockFile): Promise<boolean> {
  if (!(await moveAway(file, found))) return false
  if (!(await create(file, own))) return false
  // Another process may have judged the same old lock and moved ours away instead; it puts it back or has taken it.
  await new Promise(resolve => setTimeout(resolve, SETTLE))
  return (await readLock(file))?.id === own.id
}

/** Moves a lock away and removes it if it is the one that was examined; else puts it back. */
async function moveAway(file: string, judged: LockFile): Promise<boolean> {
  const aside = `${file}.${randomUUID()}`
  try {
    await rename(file, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true
    throw error
  }
  const moved = await readLock(aside)
  const same = moved?.id === judged.id
  if (!same) await link(aside, file).catch(() => undefined)
  await removeOwnFile(aside)
  return same
}

/** Gives signs of life until the lock is released. */
function held(file: string, own: LockFile): () => Promise<void> {
  const timer = setInterval(() => {
    const now = new Date()
    utimes(file, now, now).catch(() => undefined)
  }, SIGN_OF_LIFE)
  timer.unref()
  return async () => {
    clearInterval(timer)
    if ((await readLock(file))?.id === own.id) await removeOwnFile(file)
  }
}

/** Content of a lock file. An unreadable one is read once more: its owner may be about to write it. */
async function readSettled(file: string): Promise<LockFile | undefined> {
  const found = await readLock(file)
  if (found?.pid !== 0) return found
  await new Promise(resolve => setTimeout(resolve, SETTLE))
  return readLock(file)
}

/** Content of a lock file; an unreadable one is of a process that ended while it wrote. */
async function readLock(file: string): Promise<LockFile | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const unreadable: LockFile = { id: text, pid: 0, host: hostname(), since: '', machine: '', began: '' }
  try {
    const value: unknown = JSON.parse(text)
    return isLockFile(value) ? value : unreadable
  } catch {
    return unreadable
  }
}

function isLockFile(value: unknown): value is LockFile {
  if (typeof value !== 'object' || value === null) return false
  const { pid, ...texts } = value as Record<string, unknown>
  const named = ['id', 'host', 'since', 'machine', 'began'].every(key => typeof texts[key] === 'string')
  return named && Number.isSafeInteger(pid) && (pid as number) > 0
}

async function ownerOf({ pid, host, since, machine }: LockFile): Promise<LockOwner> {
  return { pid, host, since, here: machine === (await machineId()) }
}

/** Whether the process of a lock may still run; for another machine that is unknown here. */
async function isAlive(lock: LockFile): Promise<boolean> {
  if (lock.pid === 0) return false
  const machine = await machineId()
  if (lock.machine !== machine) return lock.host !== hostname() || bootOf(lock.machine) === bootOf(machine)
  try {
    process.kill(lock.pid, 0)
  } catch (error) {
    // EPERM: it runs, as another user
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return (await identity(lock.pid)).began === lock.began
}

/**
 * No process is left from an earlier start of this machine. For another set of process numbers (a container) it is
 * unknown.
 */
const bootOf = (machine: string) => machine.split(' ')[0]

async function identity(pid: number): Promise<Pick<LockFile, 'machine' | 'began'>> {
  // Field 22 of /proc/PID/stat, after the name, which is in parentheses and may contain anything; unknown on other
  // systems.
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return { machine: await machineId(), began: text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '' }
}

/** The start of this machine and its set of process numbers, where the system reports them; else its name. */
async function machineId(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => hostname())
  const numbers = await readlink('/proc/self/ns/pid').catch(() => '')
  return `${boot.trim()} ${numbers}`
}
