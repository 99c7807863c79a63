import { isSkipwiseError, SkipwiseError } from '@skipwise/core'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** A file of a repository, as the Hub lists it. */
export interface HubFile {
  readonly path: string
  readonly size: number
  /** Its content: SHA-256 of a file in large-file storage, or else the SHA-1 that git gives it. Names the file in the cache. */
  readonly hash: string
}

/** What {@link fetchBlob} needs. */
export interface FetchBlobOptions {
  /** Where the finished file lies. */
  readonly target: string
  /** Opens the file from a byte on. */
  readonly open: (start: number) => Promise<ReadableStream<Uint8Array>>
  /** Told the bytes that are there so far. */
  readonly onBytes: (bytes: number) => void
  readonly signal: AbortSignal | undefined
  /** Milliseconds before another try. */
  readonly retryDelay: number
}

/** Tries that bring no byte before it is given up. */
const FRUITLESS_TRIES = 4

/** What another try may help against. */
const RETRIED = new Set(['HUB_INTERRUPTED', 'HUB_OFFLINE', 'HUB_FAILED'])

const sizeOf = (file: string) => stat(file).then(({ size }) => size, () => 0)

/**
 * Downloads a file to `target.incomplete` and puts it in place when size and content are those listed. A broken connection goes on where it
 * ended, and so does the next call after one that failed or was killed.
 *
 * @throws SkipwiseError `HUB_INTERRUPTED`, `HUB_DAMAGED`, `DISK_FULL`, and what `open` throws; the signal's reason
 */
export async function fetchBlob(file: HubFile, options: FetchBlobOptions): Promise<void> {
  const { target, signal, retryDelay } = options, incomplete = `${target}.incomplete`
  await mkdir(dirname(target), { recursive: true })
  for (let left = FRUITLESS_TRIES; ;) {
    const before = await sizeOf(incomplete)
    try {
      if (before < file.size) await append(incomplete, before, file, options)
      break
    } catch (error) {
      signal?.throwIfAborted()
      if (!isSkipwiseError(error) || !RETRIED.has(error.code)) throw error
      left = (await sizeOf(incomplete)) > before ? FRUITLESS_TRIES : left - 1
      if (left === 0) throw error
      await new Promise(resolve => setTimeout(resolve, retryDelay))
    }
  }
  if ((await sizeOf(incomplete)) !== file.size || (await hashOf(incomplete, file)) !== file.hash) {
    await rm(incomplete, { force: true })
    throw new SkipwiseError('HUB_DAMAGED', { problem: `${file.path} is not what the Hub lists: its content has another hash`, fix: 'run the same command again; what was downloaded has been removed' })
  }
  await rename(incomplete, target)
}

async function append(incomplete: string, start: number, { path, size }: HubFile, { open: openFrom, onBytes, signal }: FetchBlobOptions): Promise<void> {
  const stream = await openFrom(start), handle = await open(incomplete, 'a')
  let there = start
  try {
    for await (const chunk of stream) {
      signal?.throwIfAborted()
      // More than was listed would only fill the disk.
      if (there + chunk.length > size) throw new SkipwiseError('HUB_DAMAGED', { problem: `${path} has more than the ${size} bytes that the Hub lists`, fix: 'run the same command again later' })
      for (let done = 0; done < chunk.length;) done += (await handle.write(chunk, done)).bytesWritten
      there += chunk.length
      onBytes(there)
    }
    await handle.sync()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new SkipwiseError('DISK_FULL', { problem: `no space left to download ${path} (${code})`, fix: 'free space and run the same command again: it goes on where it ended', cause: error })
    if (isSkipwiseError(error)) throw error
    throw interrupted(path, there, size)
  } finally {
    await handle.close()
  }
  if (there < size) throw interrupted(path, there, size)
}

const interrupted = (path: string, there: number, size: number) =>
  new SkipwiseError('HUB_INTERRUPTED', { problem: `the download of ${path} ended after ${there} of ${size} bytes`, fix: 'run the same command again: it goes on where it ended' })

async function hashOf(file: string, { hash, size }: HubFile): Promise<string> {
  const digest = hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`)
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), digest)
  return digest.digest('hex')
}
