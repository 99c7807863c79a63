import { removeOwnFile } from '@skipwise/checkpoints'
import { isSkipwiseError, SkipwiseError } from '@skipwise/core'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { mayPass } from './hub-error.js'
import type { HubLimits } from './limits.js'
import { backOff } from './retry.js'

/** A file of a repository, as the Hub lists it. */
export interface HubFile {
  readonly path: string
  readonly size: number
  /**
   * Hash of its content: SHA-256 of a file in large-file storage, otherwise git's SHA-1. Also its name in the cache.
   */
  readonly hash: string
}

/** What {@link fetchBlob} needs. */
export interface FetchBlobOptions {
  /** Path of the finished file. */
  readonly target: string
  /** Opens the file from a byte offset on. */
  readonly open: (start: number) => Promise<AsyncIterable<Uint8Array>>
  /** Called with the number of bytes that are there so far. */
  readonly onBytes: (bytes: number) => void
  readonly signal: AbortSignal | undefined
  readonly limits: HubLimits
}

const sizeOf = (file: string) =>
  stat(file).then(
    ({ size }) => size,
    () => 0
  )

/**
 * Downloads a file to `target.incomplete` and puts it in place when size and content are those listed. After a broken
 * connection the download continues where it ended, and so does the next call after one that failed or was killed. A
 * try that is slower than the limits allow counts as one without any bytes, so that a server that sends almost nothing
 * is given up.
 *
 * @throws SkipwiseError `HUB_INTERRUPTED`, `HUB_SLOW`, `HUB_DAMAGED`, and what `open` throws; an error of the file
 * system; the signal's reason
 */
export async function fetchBlob(file: HubFile, options: FetchBlobOptions): Promise<void> {
  const { target, signal, limits } = options
  const incomplete = `${target}.incomplete`
  await mkdir(dirname(target), { recursive: true })
  for (let failures = 0; ;) {
    const before = await sizeOf(incomplete)
    try {
      if (before < file.size || file.size === 0) await append(incomplete, before, file, options)
      break
    } catch (error) {
      signal?.throwIfAborted()
      if (!mayPass(error)) throw error
      failures = (await sizeOf(incomplete)) - before >= limits.paceBytes ? 1 : failures + 1
      if (failures >= limits.tries) throw error
      await backOff(failures, error, limits, signal)
    }
  }
  if ((await sizeOf(incomplete)) !== file.size || (await hashOf(incomplete, file, signal)) !== file.hash) {
    await removeOwnFile(incomplete)
    throw new SkipwiseError('HUB_DAMAGED', {
      problem: `${file.path} differs from the file that the Hub lists (hash)`,
      fix: 'run the same command again; the downloaded part has been removed'
    })
  }
  await rename(incomplete, target)
}

async function append(
  incomplete: string,
  start: number,
  { path, size }: HubFile,
  options: FetchBlobOptions
): Promise<void> {
  const { open: openFrom, onBytes, signal } = options
  const stream = size === 0 ? [] : await openFrom(start)
  const handle = await open(incomplete, 'a')
  let there = start
  try {
    for await (const chunk of stream) {
      signal?.throwIfAborted()
      // More bytes than listed would only fill the disk.
      if (there + chunk.length > size) throw overlong(path, size)
      for (let done = 0; done < chunk.length;) done += (await handle.write(chunk, done)).bytesWritten
      there += chunk.length
      onBytes(there)
    }
    await handle.sync()
  } catch (error) {
    // An answer that was cut off did come from the Hub.
    throw isSkipwiseError(error) && error.code === 'HUB_OFFLINE' ? interrupted(path, there, size) : error
  } finally {
    await handle.close()
  }
  if (there < size) throw interrupted(path, there, size)
}

const overlong = (path: string, size: number) =>
  new SkipwiseError('HUB_DAMAGED', {
    problem: `${path} has more than the ${size} bytes that the Hub lists`,
    fix: 'run the same command again later'
  })

const interrupted = (path: string, there: number, size: number) =>
  new SkipwiseError('HUB_INTERRUPTED', {
    problem: `the download of ${path} ended after ${there} of ${size} bytes`,
    fix: 'run the same command again: it continues where it stopped'
  })

async function hashOf(file: string, { hash, size }: HubFile, signal: AbortSignal | undefined): Promise<string> {
  const digest = hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`)
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), digest, { signal })
  return digest.digest('hex')
}
