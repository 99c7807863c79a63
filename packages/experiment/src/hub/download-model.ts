import { writeFileAtomic } from '@skipwise/checkpoints'
import { isSkipwiseError, SkipwiseError, type ProgressListener } from '@skipwise/core'
import { copyFile, mkdir, readdir, readFile, rm, stat, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { lockDownload } from './download-lock.js'
import { fetchBlob, type HubFile } from './fetch-blob.js'
import { hubError } from './hub-error.js'
import { neededFiles, type ModelPart } from './needed-files.js'
import type { HubReference } from './reference.js'

/** How a model is downloaded. */
export interface DownloadOptions {
  /** Default all that a model needs. */
  readonly part?: ModelPart
  /** Default that of Hugging Face's libraries: HF_HUB_CACHE, or `hub` in HF_HOME, or ~/.cache/huggingface/hub. */
  readonly cacheFolder?: string
  /** Default HF_ENDPOINT, or https://huggingface.co. */
  readonly endpoint?: string
  /** Default HF_TOKEN. */
  readonly token?: string
  readonly progress?: ProgressListener
  readonly signal?: AbortSignal
  /** Milliseconds before a broken download is tried again, default 1000. */
  readonly retryDelay?: number
}

const COMMIT = /^[0-9a-f]{40}$/
const HASH = /^([0-9a-f]{40}|[0-9a-f]{64})$/

/**
 * A model of the Hugging Face Hub as a folder: the snapshot in the cache that Hugging Face's libraries share, completed by the files that are
 * missing. Only what is needed is downloaded, each file is checked against the hash that the Hub lists, and a download that ended goes on. A
 * commit that is in the cache needs no network; nor does a branch when HF_HUB_OFFLINE is set or the Hub cannot be reached.
 *
 * @throws SkipwiseError `HUB_UNAUTHORIZED`, `HUB_NOT_FOUND`, `HUB_OFFLINE`, `HUB_INTERRUPTED`, `HUB_DAMAGED`, `HUB_FAILED`, `DISK_FULL`; the
 * signal's reason when aborted
 */
export async function downloadModel(reference: HubReference, options: DownloadOptions = {}): Promise<string> {
  const { repo, revision } = reference, { part = 'model', signal } = options
  const hub = await import('@huggingface/hub')
  const home = join(options.cacheFolder ?? hub.getHFHubCachePath(), `models--${repo.replace('/', '--')}`)
  const cached = await cachedSnapshot(home, revision, part)
  if (cached !== undefined && (COMMIT.test(revision) || isSet(process.env['HF_HUB_OFFLINE']))) return cached
  if (isSet(process.env['HF_HUB_OFFLINE'])) {
    throw new SkipwiseError('HUB_OFFLINE', { problem: `${repo}@${revision} is not complete in the cache, and HF_HUB_OFFLINE is set`, fix: 'unset it, or download the model first' })
  }
  const endpoint = (options.endpoint ?? process.env['HF_ENDPOINT'] ?? hub.HUB_URL).replace(/\/+$/, ''), accessToken = options.token ?? process.env['HF_TOKEN']
  if (accessToken && !accessToken.startsWith('hf_')) {
    throw new SkipwiseError('HUB_UNAUTHORIZED', { problem: 'HF_TOKEN is set to something that is no token of the Hub (they begin with hf_)', fix: 'correct it, or unset it for public models' })
  }
  const request = {
    hubUrl: endpoint,
    ...(accessToken ? { accessToken } : {}),
    fetch: ((input, init) => fetch(input, { ...init, ...(signal ? { signal } : {}) })) as typeof fetch
  }
  const attempt = async <Result>(what: string, run: () => Promise<Result>): Promise<Result> => {
    try {
      return await run()
    } catch (error) {
      signal?.throwIfAborted()
      throw isSkipwiseError(error) ? error : hubError(error, reference, what)
    }
  }
  let commit: string
  try {
    commit = await attempt('the commit', async () => (await hub.modelInfo({ ...request, name: repo, revision, additionalFields: ['sha'] })).sha)
  } catch (error) {
    if (cached !== undefined && isSkipwiseError(error) && error.code === 'HUB_OFFLINE') return cached
    throw error
  }
  if (!COMMIT.test(commit)) throw hubError(undefined, reference, 'the commit')
  const listed = await attempt('the list', () => listFiles(hub.listFiles({ ...request, repo, revision: commit })))
  const snapshot = join(home, 'snapshots', commit)
  const obtain = async (file: HubFile, onBytes: (bytes: number) => void) => {
    const blob = join(home, 'blobs', file.hash), pointer = join(snapshot, file.path)
    if (await exists(pointer)) return
    const openFrom = (start: number) => attempt(file.path, async () => {
      const content = await hub.downloadFile({ ...request, repo, revision: commit, path: file.path })
      if (!content) throw hubError({ statusCode: 404 }, reference, file.path)
      return content.slice(start, file.size).stream() as ReadableStream<Uint8Array>
    })
    const release = await lockDownload(blob, signal)
    try {
      // whoever had the lock may have been as far as this
      if (!(await exists(blob))) await fetchBlob(file, { target: blob, open: openFrom, onBytes, signal, retryDelay: options.retryDelay ?? 1000 })
      if (!(await exists(pointer))) await link(blob, pointer)
    } finally {
      await release().catch(() => undefined)
    }
  }
  const readIndex = async (name: string) => {
    await obtain(listed.get(name) as HubFile, () => undefined)
    return shardsOf(join(snapshot, name))
  }
  const needed = (await neededFiles([...listed.keys()], part, readIndex)).flatMap(name => listed.get(name) ?? [])
  if (!needed.length) throw new SkipwiseError('HUB_NOT_FOUND', { problem: `${repo}@${revision} holds no ${part === 'model' ? 'model that can be read' : `files of a ${part}`}`, fix: 'name a repository of a transformers model' })
  await obtainAll(needed, obtain, options.progress)
  // Kept last: a branch in the cache leads to what is complete.
  if (revision !== commit) await keepRef(join(home, 'refs', revision), commit)
  return snapshot
}

async function obtainAll(files: readonly HubFile[], obtain: (file: HubFile, onBytes: (bytes: number) => void) => Promise<void>, progress?: ProgressListener): Promise<void> {
  const total = files.reduce((sum, { size }) => sum + size, 0)
  let done = 0
  for (const file of files) {
    const report = (bytes: number) => progress?.({ task: 'download', done: done + bytes, total, unit: 'bytes' })
    await obtain(file, report)
    report(file.size)
    done += file.size
  }
}

const entrySchema = z.looseObject({ type: z.string(), path: z.string(), size: z.number(), oid: z.string().optional(), lfs: z.looseObject({ oid: z.string(), size: z.number() }).optional() })

/** Files at the top of the repository whose names and hashes can stand in paths. */
async function listFiles(entries: AsyncIterable<unknown>): Promise<Map<string, HubFile>> {
  const files = new Map<string, HubFile>()
  for await (const entry of entries) {
    const { type, path, size, oid, lfs } = entrySchema.parse(entry), hash = lfs?.oid ?? oid ?? '', bytes = lfs?.size ?? size
    if (type === 'file' && /^[A-Za-z0-9][\w.-]*$/.test(path) && HASH.test(hash) && Number.isSafeInteger(bytes) && bytes >= 0) files.set(path, { path, size: bytes, hash })
  }
  return files
}

/** The snapshot of a revision in the cache, if all that is needed is there. */
async function cachedSnapshot(home: string, revision: string, part: ModelPart): Promise<string | undefined> {
  const commit = COMMIT.test(revision) ? revision : await readFile(join(home, 'refs', revision), 'utf8').then(text => text.trim(), () => '')
  if (!COMMIT.test(commit)) return undefined
  const snapshot = join(home, 'snapshots', commit), names: string[] = []
  for (const name of await readdir(snapshot).catch(() => [])) if (await exists(join(snapshot, name))) names.push(name)
  const needed = await neededFiles(names, part, name => shardsOf(join(snapshot, name)))
  const whole = needed.every(name => names.includes(name)) && (part === 'tokenizer' ? needed.length > 0 : names.includes('config.json'))
  return whole && (part !== 'model' || needed.some(name => /\.(safetensors|bin)$/.test(name))) ? snapshot : undefined
}

/** The files that a shard index names; none where it is damaged, which opening the folder then says. */
async function shardsOf(file: string): Promise<readonly string[]> {
  try {
    return Object.values(z.looseObject({ weight_map: z.record(z.string(), z.string()) }).parse(JSON.parse(await readFile(file, 'utf8'))).weight_map)
  } catch {
    return []
  }
}

const exists = (file: string) => stat(file).then(() => true, () => false)
const isSet = (value: string | undefined) => value !== undefined && /^(1|true|yes|on)$/i.test(value)

async function keepRef(file: string, commit: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFileAtomic(file, commit)
}

/** A relative link, as Hugging Face's libraries make it, or a copy where links may not be made. */
async function link(blob: string, pointer: string): Promise<void> {
  await mkdir(dirname(pointer), { recursive: true })
  // A link whose blob was removed may stand there.
  await rm(pointer, { force: true })
  await symlink(join('..', '..', 'blobs', basename(blob)), pointer).catch(() => copyFile(blob, pointer))
}
