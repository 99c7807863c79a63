import { removeOwnFile } from '@skipwise/checkpoints'
import { SkipwiseError, type ProgressListener } from '@skipwise/core'
import { createWriteStream } from 'node:fs'
import { access, mkdir, rename } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { SPLIT_LIMITS } from './limits.js'

/** The Hugging Face hub, or its mirror that `HF_ENDPOINT` names. */
const endpoint = () => (process.env.HF_ENDPOINT ?? 'https://huggingface.co').replace(/\/+$/, '')

/** Where downloads are kept: `SKIPWISE_CACHE`, or `skipwise` among the user's caches. */
const cacheFolder = () =>
  process.env.SKIPWISE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'skipwise')

/** How a split is downloaded. */
export interface DownloadSplitOptions {
  readonly progress?: ProgressListener
  readonly signal?: AbortSignal
  /** Default {@link SPLIT_LIMITS}. */
  readonly limits?: typeof SPLIT_LIMITS
}

/**
 * Downloads a split of a dataset as the Parquet file that the hub itself keeps of it, unless it is there from before.
 *
 * @param dataset `owner/name`
 * @param split `config/split`, or a split of the only configuration
 * @returns path of the file
 * @throws SkipwiseError `BENCHMARK_HUB`; the signal's reason when aborted
 */
export async function downloadSplit(
  dataset: string,
  split: string,
  { progress, signal, limits = SPLIT_LIMITS }: DownloadSplitOptions = {}
): Promise<string> {
  const path = split.includes('/') ? split : `default/${split}`
  const file = join(cacheFolder(), 'benchmarks', ...dataset.split('/'), `${path.replace('/', '-')}.parquet`)
  if (
    await access(file).then(
      () => true,
      () => false
    )
  )
    return file
  const address = `${endpoint()}/datasets/${dataset}/resolve/refs%2Fconvert%2Fparquet/${path}/0000.parquet`
  const partial = `${file}.${process.pid}.part`
  const slow = new AbortController()
  let came = 0
  const watch = setInterval(() => {
    if (came < limits.paceBytes)
      slow.abort(new Error(`less than ${limits.paceBytes} bytes in ${limits.paceTime / 1000} s`))
    came = 0
  }, limits.paceTime)
  try {
    const response = await fetch(address, { signal: signal ? AbortSignal.any([signal, slow.signal]) : slow.signal })
    if (!response.ok || !response.body) throw hubError(address, `HTTP ${response.status}`)
    const total = Number(response.headers.get('content-length') ?? 0)
    let done = 0
    await mkdir(dirname(file), { recursive: true })
    await pipeline(
      Readable.fromWeb(response.body),
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          done += chunk.length
          came += chunk.length
          if (done > limits.bytes) throw new Error(`more than ${limits.bytes} bytes`)
          progress?.({ task: `download ${dataset} ${split}`, done, total: Math.max(done, total), unit: 'bytes' })
          yield chunk
        }
      },
      createWriteStream(partial),
      signal ? { signal } : {}
    )
    await rename(partial, file)
    return file
  } catch (cause) {
    signal?.throwIfAborted()
    if (cause instanceof SkipwiseError) throw cause
    throw hubError(address, (cause as Error).message, cause)
  } finally {
    clearInterval(watch)
    await removeOwnFile(partial)
  }
}

const hubError = (address: string, what: string, cause?: unknown) =>
  new SkipwiseError('BENCHMARK_HUB', {
    problem: `${address} cannot be downloaded (${what})`,
    fix: 'check the connection, or name the files of the benchmark (data, training)',
    cause
  })
