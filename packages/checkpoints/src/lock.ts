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
  /** Whether it runs on this machine, where it can be seen to have ended. */
  readonly here: boolean
}

/** What {@link tryLock} gives: the lock, or who has it. */
export type LockAttempt = { readonly release: () => Promise<void> } | { readonly owner: LockOwner }

/** What a lock file holds, as JSON. */
interface LockFile {
  readonly id: string
  readonly pid: number
  readonly host: string
  readonly since: string
  /** The machine's start and the set of process numbers: a number means nothing outside it. */
  readonly machine: string
  /** When the process began, in the machine's own count: numbers of processes are used again. */
  readonly began: string
}

/** Milliseconds between signs of life, and without one after which a lock of another machine is taken. */
const SIGN_OF_LIFE = 2_000
const SILENCE = 60_000

/** Milliseconds in which another process that took over the same lock would have been seen. */
const SETTLE = 50

/**
 * Takes a lock, a file that names its owner, without waiting. A lock whose process has ended on this machine is taken
 * over. One of another machine is not: nothing here can see whether that process runs ({@link waitForLock} watches it).
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
 * minute is taken over; a clock that is set back does not matter, only changes are looked at.
 *
 * @returns what gives it back
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

/** Moves a lock away that nobody holds any more, so that one process alone finds it gone. */
async function forget(file: string): Promise<void> {
  const found = await readLock(file)
  if (found !== undefined) await moveAway(file, found)
}

/** Writes a whole lock file under another name and links it into place: a lock never is half written. */
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
    // A file system without links: opening a new file is as exclusive, but for a moment the file is empty.
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

/** Takes the place of a process that has ended. Of several that try, one succeeds. */
async function takeOver(file: string, found: LockFile, own: LockFile): Promise<boolean> {
  if (!(await moveAway(file, found))) return false
  if (!(await create(file, own))) return false
  // Another process may have judged the same old lock and moved ours away instead; it puts it back or has taken it.
  await new Promise(resolve => setTimeout(resolve, SETTLE))
  return (await readLock(file))?.id === own.id
}

/** Moves a lock away and removes it if it is the one that was judged; else puts it back. */
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

/** Gives signs of life until the lock is given back. */
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

/** What a lock file says; where it says nothing, it is read once more: its owner may be about to write it. */
async function readSettled(file: string): Promise<LockFile | undefined> {
  const found = await readLock(file)
  if (found?.pid !== 0) return found
  await new Promise(resolve => setTimeout(resolve, SETTLE))
  return readLock(file)
}

/** What a lock file says; one that says nothing readable is of a process that ended while it wrote. */
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

/** Whether the process of a lock may still run: of another machine nobody here knows. */
async function isAlive(lock: LockFile): Promise<boolean> {
  if (lock.pid === 0) return false
  const machine = await machineId()
  if (lock.machine !== machine) return lock.host !== hostname() || bootOf(lock.machine) === bootOf(machine)
  try {
    process.kill(lock.pid, 0)
  } catch (error) {
    // EPERM: it runs, as somebody else
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return (await identity(lock.pid)).began === lock.began
}

/**
 * Of this machine's earlier start no process is left; of another set of process numbers (a container) nobody here
 * knows.
 */
const bootOf = (machine: string) => machine.split(' ')[0]

async function identity(pid: number): Promise<Pick<LockFile, 'machine' | 'began'>> {
  // Field 22 of /proc/PID/stat, after the name, which is in parentheses and may hold anything; elsewhere unknown.
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return { machine: await machineId(), began: text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '' }
}

/** The start of this machine and its set of process numbers, where the system tells; else its name. */
async function machineId(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => hostname())
  const numbers = await readlink('/proc/self/ns/pid').catch(() => '')
  return `${boot.trim()} ${numbers}`
}
