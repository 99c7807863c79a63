import { removeOwnFile } from '@skipwise/checkpoints'
import { isSkipwiseError, SkipwiseError, type ProgressListener } from '@skipwise/core'
import { guardedFetch, hubEndpoint, HubStatus } from '@skipwise/hub'
import { createWriteStream } from 'node:fs'
import { access, mkdir, rename } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { SPLIT_LIMITS } from './limits.js'

/** Where downloads are kept: `SKIPWISE_CACHE`, or `skipwise` among the user's caches. */
const cacheFolder = () =>
  process.env.SKIPWISE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'skipwise')

/** How a split is downloaded. */
export interface DownloadSplitOptions {
  readonly progress?: ProgressListener | undefined
  readonly signal?: AbortSignal | undefined
  /** Default {@link SPLIT_LIMITS}. */
  readonly limits?: typeof SPLIT_LIMITS
}

/**
 * Downloads a split of a dataset as the Parquet file that the hub itself keeps of it, unless it is there from before.
 * The datasets of the benchmarks are public: no token is sent.
 *
 * @param dataset `owner/name`
 * @param split `config/split`, or a split of the only configuration
 * @returns path of the file
 * @throws SkipwiseError `BENCHMARK_HUB`, `HUB_ENDPOINT`; the signal's reason when aborted
 */
export async function downloadSplit(
  dataset: string,
  split: string,
  { progress, signal, limits = SPLIT_LIMITS }: DownloadSplitOptions = {}
): Promise<string> {
  const path = split.includes('/') ? split : `default/${split}`
  const file = join(cacheFolder(), 'benchmarks', ...dataset.split('/'), `${path.replace('/', '-')}.parquet`)
  const isThere = await access(file).then(
    () => true,
    () => false
  )
  if (isThere) return file
  const endpoint = await hubEndpoint()
  const address = `${endpoint}/datasets/${dataset}/resolve/refs%2Fconvert%2Fparquet/${path}/0000.parquet`
  const partial = `${file}.${process.pid}.part`
  const guard = { origin: new URL(endpoint).origin, token: undefined, signal, limits }
  try {
    const answer = await guardedFetch({ address, what: `${dataset} ${split}` }, guard)
    const total = Number(answer.headers.get('content-length') ?? 0)
    let done = 0
    await mkdir(dirname(file), { recursive: true })
    await pipeline(
      answer.body,
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          done += chunk.length
          if (done > limits.bytes) throw new Error(`more than ${limits.bytes} bytes`)
          progress?.({ task: `download ${dataset} ${split}`, done, total: Math.max(done, total), unit: 'bytes' })
          yield chunk
        }
      },
      createWriteStream(partial),
      { signal }
    )
    await rename(partial, file)
    return file
  } catch (cause) {
    signal?.throwIfAborted()
    throw splitError(address, cause)
  } finally {
    await removeOwnFile(partial)
  }
}

function splitError(address: string, cause: unknown): SkipwiseError {
  return new SkipwiseError('BENCHMARK_HUB', {
    problem: `${address} cannot be downloaded (${reasonOf(cause)})`,
    fix: 'check the connection, or name the files of the benchmark (data, training)',
    cause
  })
}

function reasonOf(cause: unknown): string {
  if (cause instanceof HubStatus) return `HTTP ${cause.status}`
  if (isSkipwiseError(cause)) return cause.problem
  return cause instanceof Error ? cause.message : String(cause)
}
