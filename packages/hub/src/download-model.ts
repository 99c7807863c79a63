import { freeBytes, waitForLock } from '@skipwise/checkpoints'
import { isSkipwiseError, SkipwiseError, type ProgressListener } from '@skipwise/core'
import { mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cachedSnapshot, exists, isWeights, keepRef, link, shardsOf } from './cache.js'
import { fetchBlob, type HubFile } from './fetch-blob.js'
import { cacheError, codeOf, hubError } from './hub-error.js'
import { beyond, hubRequests, isCommit, type HubRequests } from './hub-requests.js'
import { HUB_LIMITS, type HubLimits } from './limits.js'
import { neededFiles, type HubPart } from './needed-files.js'
import type { HubReference } from './reference.js'

/** How a model is downloaded. */
export interface DownloadOptions {
  /** Default: all that a model needs. */
  readonly part?: HubPart | undefined
  /** Default: the cache of Hugging Face's libraries, HF_HUB_CACHE, or `hub` in HF_HOME, or ~/.cache/huggingface/hub. */
  readonly cacheFolder?: string | undefined
  /** Default: HF_ENDPOINT, or https://huggingface.co. */
  readonly endpoint?: string | undefined
  /** Default: HF_TOKEN. Sent only to the origin of the endpoint. */
  readonly token?: string | undefined
  readonly progress?: ProgressListener | undefined
  readonly signal?: AbortSignal | undefined
  /** Default: `HUB_LIMITS`. */
  readonly limits?: Partial<HubLimits> | undefined
}

/** Failures after which the files in the cache are used. */
const UNREACHABLE = new Set(['HUB_OFFLINE', 'HUB_SLOW', 'HUB_INTERRUPTED'])

/**
 * A model of the Hugging Face Hub as a folder: the snapshot in the cache that Hugging Face's libraries share, completed
 * by the files that are missing. Only what is needed is downloaded, each file is checked against the hash that the Hub
 * lists, and an interrupted download is resumed. A commit that is in the cache needs no network; neither does a branch
 * when HF_HUB_OFFLINE is set or the Hub cannot be reached.
 *
 * @throws SkipwiseError `HUB_UNAUTHORIZED`, `HUB_NOT_FOUND`, `HUB_OFFLINE`, `HUB_SLOW`, `HUB_INTERRUPTED`,
 * `HUB_DAMAGED`, `HUB_LIMIT`, `HUB_FAILED`, `HUB_ENDPOINT`, `HUB_CACHE`, `DISK_FULL`; the signal's reason when aborted
 */
export async function downloadModel(reference: HubReference, options: DownloadOptions = {}): Promise<string> {
  const { signal } = options
  const folder = options.cacheFolder ?? (await import('@huggingface/hub')).getHFHubCachePath()
  try {
    return await completeSnapshot(reference, folder, options)
  } catch (error) {
    signal?.throwIfAborted()
    if (isSkipwiseError(error)) throw error
    const code = codeOf(error)
    throw code === undefined
      ? hubError(error, `${reference.repo}@${reference.revision}`)
      : cacheError(folder, code, error)
  }
}

async function completeSnapshot(reference: HubReference, folder: string, options: DownloadOptions): Promise<string> {
  const { repo, revision } = reference
  const { part = 'model', signal } = options
  const home = join(folder, `models--${repo.replace('/', '--')}`)
  const cached = await cachedSnapshot(home, revision, part)
  const offline = isSet(process.env['HF_HUB_OFFLINE'])
  if (cached !== undefined && (isCommit(revision) || offline)) return cached
  if (offline) {
    throw new SkipwiseError('HUB_OFFLINE', {
      problem: `${repo}@${revision} is incomplete in the cache, and HF_HUB_OFFLINE is set`,
      fix: 'unset it, or download the model first'
    })
  }
  const limits = { ...HUB_LIMITS, ...options.limits }
  const endpoint = await hubEndpoint(options)
  const hub = hubRequests(endpoint, reference, {
    origin: new URL(endpoint).origin,
    token: tokenOf(options),
    signal,
    limits
  })
  let commit: string
  try {
    // A model that is in the cache does not wait for a Hub that cannot be reached.
    commit = await hub.commit(cached === undefined ? limits.tries : 1)
  } catch (error) {
    if (cached !== undefined && isSkipwiseError(error) && UNREACHABLE.has(error.code)) return cached
    throw error
  }
  const listed = await hub.list(commit)
  const snapshot = join(home, 'snapshots', commit)
  const obtain = downloader({ hub, commit, home, snapshot, limits, signal, name: `${repo}@${revision}` })
  const readIndex = async (name: string) => {
    const file = listed.get(name)
    if (file === undefined) return []
    await obtain(file, () => undefined)
    return shardsOf(join(snapshot, name))
  }
  const needed = (await neededFiles([...listed.keys()], part, readIndex)).flatMap(name => listed.get(name) ?? [])
  if (!needed.length) {
    const none = part === 'model' ? 'model that can be read' : `files of a ${part}`
    throw new SkipwiseError('HUB_NOT_FOUND', {
      problem: `${repo}@${revision} has no ${none}`,
      fix: 'use a repository with a transformers model'
    })
  }
  if (needed.length > limits.files) throw beyond(`${repo}@${revision}`, `has more than ${limits.files} files`)
  for (const file of needed) checkSize(file, limits)
  await checkSpace(needed, home, snapshot)
  await obtainAll(needed, obtain, options.progress)
  // Stored last: a branch in the cache points to a complete snapshot.
  if (revision !== commit) await keepRef(join(home, 'refs', revision), commit)
  return snapshot
}

/**
 * The address of the Hub, or of the mirror that HF_ENDPOINT names, without a slash at its end.
 *
 * @throws SkipwiseError `HUB_ENDPOINT`
 */
export async function hubEndpoint({ endpoint }: Pick<DownloadOptions, 'endpoint'> = {}): Promise<string> {
  const text = (endpoint ?? process.env['HF_ENDPOINT'] ?? (await import('@huggingface/hub')).HUB_URL).replace(
    /\/+$/,
    ''
  )
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain =
    url !== undefined && url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (isPlain && (url.protocol === 'https:' || url.protocol === 'http:')) return text
  // Not shown: a wrong address may contain a password.
  throw new SkipwiseError('HUB_ENDPOINT', {
    problem: 'HF_ENDPOINT is not the address of a Hub',
    fix: 'write it as https://host, without name, password and query, or unset it'
  })
}

/** @throws SkipwiseError `HUB_UNAUTHORIZED` */
function tokenOf(options: DownloadOptions): string | undefined {
  const token = (options.token ?? process.env['HF_TOKEN'] ?? '').trim()
  if (token === '') return undefined
  if (/^hf_[\x21-\x7e]*$/.test(token)) return token
  throw new SkipwiseError('HUB_UNAUTHORIZED', {
    problem: 'HF_TOKEN is not a token of the Hub (tokens begin with hf_)',
    fix: 'correct it, or unset it for public models'
  })
}

type Obtain = (file: HubFile, onBytes: (bytes: number) => void) => Promise<void>

interface Download {
  readonly hub: HubRequests
  readonly commit: string
  /** Folder of the model in the cache. */
  readonly home: string
  readonly snapshot: string
  readonly limits: HubLimits
  readonly signal: AbortSignal | undefined
  /** The model, for messages. */
  readonly name: string
}

/** Puts a file into the snapshot, downloading it where it is not in the cache. */
function downloader({ hub, commit, home, snapshot, limits, signal, name }: Download): Obtain {
  return async (file, onBytes) => {
    checkSize(file, limits)
    const blob = join(home, 'blobs', file.hash)
    const pointer = join(snapshot, file.path)
    if (await exists(pointer)) return
    const release = await lockDownload(blob, signal)
    try {
      const open = (start: number) => hub.content(commit, file, start)
      // the process that had the lock may have downloaded it
      if (!(await exists(blob))) await fetchBlob(file, { target: blob, open, onBytes, signal, limits })
      if (!(await exists(pointer))) await link(blob, pointer)
    } catch (error) {
      signal?.throwIfAborted()
      throw codeOf(error) !== undefined ? error : hubError(error, `${file.path} of ${name}`)
    } finally {
      await release().catch(() => undefined)
    }
  }
}

/** @throws SkipwiseError `HUB_LIMIT` */
function checkSize({ path, size }: HubFile, { companionBytes }: HubLimits): void {
  if (!isWeights(path) && size > companionBytes)
    throw beyond(path, `has ${size} bytes, more than the limit of ${companionBytes}`)
}

/** @throws SkipwiseError `DISK_FULL` */
async function checkSpace(files: readonly HubFile[], home: string, snapshot: string): Promise<void> {
  let missing = 0
  for (const { path, hash, size } of files) {
    if (await exists(join(snapshot, path))) continue
    const blob = join(home, 'blobs', hash)
    if (await exists(blob)) continue
    const begun = await stat(`${blob}.incomplete`).catch(() => undefined)
    missing += Math.max(0, size - (begun?.size ?? 0))
  }
  const free = await freeBytes(home)
  if (free === undefined || missing <= free) return
  throw new SkipwiseError('DISK_FULL', {
    problem: `the download needs ${missing} bytes, and ${home} has ${free} free`,
    fix: 'free disk space, or set HF_HUB_CACHE to a folder on another disk'
  })
}

async function obtainAll(files: readonly HubFile[], obtain: Obtain, progress?: ProgressListener): Promise<void> {
  const total = files.reduce((sum, { size }) => sum + size, 0)
  let done = 0
  for (const file of files) {
    const report = (bytes: number) => progress?.({ task: 'download', done: done + bytes, total, unit: 'bytes' })
    await obtain(file, report)
    report(file.size)
    done += file.size
  }
}

const isSet = (value: string | undefined) => value !== undefined && /^(1|true|yes|on)$/i.test(value)

/**
 * Waits until no other process downloads a file, and locks it by the file `<file>.writing`.
 *
 * @returns a function that releases the lock
 * @throws the signal's reason
 */
async function lockDownload(file: string, signal: AbortSignal | undefined): Promise<() => Promise<void>> {
  await mkdir(dirname(file), { recursive: true })
  return waitForLock(`${file}.writing`, signal)
}
