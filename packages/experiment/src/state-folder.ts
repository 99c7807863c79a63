import {
  checkPlace,
  readFolderJson,
  removeEmptyFolder,
  removeOwnFile,
  removeOwnFiles,
  tryLock,
  writeJsonAtomic,
  type LockOwner
} from '@skipwise/checkpoints'
import { SkipwiseError } from '@skipwise/core'
import { lstat, readdir, realpath } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { makeFolder } from './output-folder.js'

/** Says that a folder is Skipwise's own. */
const MARKER = 'skipwise-state.json'
const MARK = { madeBy: 'skipwise', what: 'the state of a run that is not finished' }
const LOCK = 'run.lock'

/** `<output>.training`, held by this process: nobody else works in it before {@link StateFolder.release}. */
export interface StateFolder {
  readonly path: string
  /**
   * Removes what Skipwise wrote into the folder, and the folder when nothing else is in it.
   *
   * @returns paths of files that are not Skipwise's, which stay, relative to the folder
   */
  finish(): Promise<readonly string[]>
  /** Lets others have the folder; the state in it stays for the next run. A folder without state goes. */
  release(): Promise<void>
}

/** Names of all that a run writes into its state folder, relative to it. Files of other names are never removed. */
const OWN_FILES = new RegExp(
  [
    MARKER,
    LOCK,
    `${LOCK}\\.[0-9a-f-]{36}`,
    '(state|best)\\.safetensors',
    '(base|trained|examples)\\.json',
    '.+\\.journal',
    'tokens/[0-9a-f]{64}\\.tokens(\\.\\d+\\.[0-9a-f]+\\.tmp)?',
    'metrics/metrics\\.jsonl(\\.tmp)?',
    'metrics/events\\.out\\.tfevents\\.0000000000\\.skipwise(\\.tmp)?',
    // what an atomic write leaves when it is killed
    '(.+/)?\\.[^/]+\\.\\d+\\.[0-9a-f]{8}\\.tmp'
  ]
    .map(name => `^${name}$`)
    .join('|'),
  's'
)

/**
 * Whether a folder can be the state folder of a run: it is missing, empty, or one of ours, and holds none of the run's
 * inputs. Changes nothing.
 *
 * @param inputs absolute paths of files and folders that the run reads
 * @throws SkipwiseError `STATE_FOREIGN`
 */
async function checkStateFolder(path: string, inputs: readonly string[]): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw foreign(`${path} cannot be accessed (${error.code})`)
  })
  if (found === undefined) return
  if (!found.isDirectory()) throw foreign(`${path} is not a folder, but the state of the run is stored there`)
  const names = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    throw foreign(`${path} cannot be read (${error.code})`)
  })
  if (names.length === 0) return
  if (!(await isMarked(path)))
    throw foreign(`${path} has files that Skipwise did not write, but the state of the run is stored there`)
  const folder = await realpath(path)
  for (const input of inputs) {
    const real = await realpath(input).catch(() => input)
    if (isInside(real, folder)) throw inputInside(input, path)
  }
}

/**
 * Takes a state folder for this process, making it where it is missing.
 *
 * @param path see {@link checkStateFolder}, which is asked first
 * @throws SkipwiseError `STATE_IN_USE` naming the process that has it, `STATE_FOREIGN`, `DISK_FULL`,
 * `OUTPUT_WRITE_FAILED`
 */
export async function claimStateFolder(path: string, inputs: readonly string[]): Promise<StateFolder> {
  for (;;) {
    await checkPlace(path)
    await checkStateFolder(path, inputs)
    await makeFolder(path)
    try {
      // The mark comes first: a folder with a lock alone would be taken for somebody else's.
      if (!(await isMarked(path))) await writeJsonAtomic(join(path, MARKER), MARK)
      const attempt = await tryLock(join(path, LOCK))
      if ('owner' in attempt) throw inUse(path, attempt.owner)
      return holding(path, attempt.release)
    } catch (error) {
      // The process that finished there removed the folder between two calls.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' || isMissing(error)) continue
      throw error
    }
  }
}

const isMissing = (error: unknown) =>
  error instanceof Error && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'

function holding(path: string, unlock: () => Promise<void>): StateFolder {
  let isHeld = true
  const release = async () => {
    if (!isHeld) return
    isHeld = false
    const names = await readdir(path).catch(() => [])
    const isBare = names.every(name => name === MARKER || name === LOCK)
    if (isBare) await removeOwnFile(join(path, MARKER))
    await unlock()
    if (isBare) await removeEmptyFolder(path)
  }
  return {
    path,
    async finish() {
      // The lock goes last: until then nobody else begins here.
      const kept = await removeOwnFiles(path, name => name !== LOCK && OWN_FILES.test(name))
      isHeld = false
      await unlock()
      await removeEmptyFolder(path)
      return kept.filter(name => name !== LOCK)
    },
    release
  }
}

async function isMarked(path: string): Promise<boolean> {
  try {
    return (await readFolderJson(path, MARKER, 'STATE_FOREIGN'))?.['madeBy'] === MARK.madeBy
  } catch {
    return false
  }
}

/** Whether a path lies in a folder, or is it. Both are real paths. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way))
}

const foreign = (problem: string) =>
  new SkipwiseError('STATE_FOREIGN', {
    problem,
    fix: 'choose another output, or move those files (an earlier version did not mark the state of an unfinished run: remove it)'
  })

/** The error of an input that lies in the state folder. */
export const inputInside = (input: string, folder: string) =>
  new SkipwiseError('STATE_FOREIGN', {
    problem: `${input} is an input of this run and is in ${folder}, where the state of the run is stored`,
    fix: 'choose another output, or move the input'
  })

function inUse(path: string, { pid, host, since, here }: LockOwner): SkipwiseError {
  const unseen = `; if it has ended, remove ${join(path, LOCK)}`
  return new SkipwiseError('STATE_IN_USE', {
    problem: `process ${pid} on ${host} has been working in ${path} since ${since}`,
    fix: `wait for it or stop it, or choose another output${here ? '' : unseen}`
  })
}
