import { SkipwiseError } from '@skipwise/core'
import { constants } from 'node:fs'
import { open, realpath, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'
import { limitOf, type FileKind, FILE_LIMITS } from './file-limits.js'

/**
 * Reads a file of a folder that someone else may have made: a model folder, or a snapshot of the hub's cache.
 *
 * It must be a regular file, in the folder itself after links are resolved, and no larger than the limit for its kind
 * ({@link FILE_LIMITS}). A link may lead to a file of the folder; in `snapshots/<revision>` of a Hugging Face cache
 * also to a file directly in `blobs` of the same repository, where that cache keeps the contents. A pipe is refused
 * without waiting.
 *
 * @param name a plain file name
 * @returns its bytes, or undefined when the folder has no entry of this name
 * @throws SkipwiseError `FILE_REFUSED`
 */
export async function readFolderFile(folder: string, name: string): Promise<Uint8Array | undefined> {
  const opened = await openInFolder(folder, name)
  return opened && readAll(opened)
}

/**
 * Checks a file as {@link readFolderFile} would, without reading it: a file that is copied after hours of training is
 * checked before them.
 *
 * @returns whether the folder has the file
 * @throws SkipwiseError `FILE_REFUSED`
 */
export async function checkFolderFile(folder: string, name: string): Promise<boolean> {
  const opened = await openInFolder(folder, name)
  await opened?.handle.close()
  return opened !== undefined
}

/**
 * Reads a file that the user names. It may be a link to anywhere, but must be a regular file, no larger than the limit
 * for its kind.
 *
 * @returns its bytes, or undefined when it does not exist
 * @throws SkipwiseError `FILE_REFUSED`
 */
export async function readNamedFile(file: string, kind: FileKind): Promise<Uint8Array | undefined> {
  const opened = await openRegular(file, file, FILE_LIMITS[kind])
  return opened && readAll(opened)
}

/**
 * Resolves an entry of a folder, if it stays inside: see {@link readFolderFile}.
 *
 * @returns the resolved path, undefined when there is no entry, or what is wrong
 */
export async function resolveInside(
  folder: string,
  name: string
): Promise<{ readonly path: string } | { readonly problem: string } | undefined> {
  const home = await resolved(folder)
  const target = await resolved(join(folder, name))
  if (home === undefined || target === undefined) return undefined
  // The Hugging Face cache keeps snapshots/<revision>/<file> as links into blobs.
  const snapshots = dirname(home)
  const blobs = join(dirname(snapshots), 'blobs')
  const isBlob = basename(snapshots) === 'snapshots' && dirname(target) === blobs
  if (isBlob || target.startsWith(home.endsWith(sep) ? home : home + sep)) return { path: target }
  return { problem: `is a link that points outside the folder, to ${target}` }
}

interface OpenedFile {
  readonly handle: FileHandle
  readonly bytes: number
  readonly refuse: Refuse
}

type Refuse = (problem: string, cause?: unknown) => SkipwiseError

async function openInFolder(folder: string, name: string): Promise<OpenedFile | undefined> {
  const file = join(folder, name)
  const refuse = refusalOf(file)
  if (name === '' || name === '.' || name === '..' || /[/\\\0]/.test(name)) throw refuse('is not a plain file name')
  const found = await attempt(refuse, () => resolveInside(folder, name))
  if (found === undefined) return undefined
  if ('problem' in found) throw refuse(found.problem)
  return openRegular(found.path, file, limitOf(name))
}

/** Opens a regular file of limited size; `shown` is the path for messages. */
async function openRegular(path: string, shown: string, maxBytes: number): Promise<OpenedFile | undefined> {
  const refuse = refusalOf(shown)
  // Without O_NONBLOCK, opening a pipe would wait for a writer before it could be refused.
  const handle = await attempt(refuse, () => absentAsUndefined(open(path, constants.O_RDONLY | constants.O_NONBLOCK)))
  if (handle === undefined) return undefined
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw refuse('is not a regular file')
    if (stats.size > maxBytes)
      throw refuse(`has ${stats.size} bytes, more than the limit of ${maxBytes} for such a file`)
    return { handle, bytes: stats.size, refuse }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Reads as many bytes as the file had when it was opened, and closes it. */
async function readAll({ handle, bytes, refuse }: OpenedFile): Promise<Uint8Array> {
  try {
    const content = new Uint8Array(bytes)
    let done = 0
    while (done < bytes) {
      const { bytesRead } = await handle.read(content, done, bytes - done, done)
      if (bytesRead === 0) throw refuse(`became shorter while it was read: ${done} of ${bytes} bytes`)
      done += bytesRead
    }
    return content
  } finally {
    await handle.close()
  }
}

const refusalOf =
  (file: string): Refuse =>
  (problem, cause) =>
    new SkipwiseError('FILE_REFUSED', {
      problem: `${file} ${problem}`,
      fix: 'replace it with a regular file, or remove it',
      cause
    })

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error)

const absentAsUndefined = async <Result>(promise: Promise<Result>): Promise<Result | undefined> =>
  promise.catch((error: unknown) => {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  })

const resolved = (path: string): Promise<string | undefined> => absentAsUndefined(realpath(path))

async function attempt<Result>(refuse: Refuse, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (cause) {
    throw refuse(`cannot be read (${codeOf(cause)})`, cause)
  }
}
