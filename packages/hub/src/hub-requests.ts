import { SkipwiseError } from '@skipwise/core'
import { z } from 'zod'
import type { HubFile } from './fetch-blob.js'
import { guardedFetch, type Guard, type GuardedAnswer } from './guarded-fetch.js'
import { hubError } from './hub-error.js'
import type { HubLimits } from './limits.js'
import type { HubReference } from './reference.js'
import { retrying } from './retry.js'

/** The requests to the Hub for one model. */
export interface HubRequests {
  /** The commit of a revision, 40 hexadecimal digits. */
  commit(tries: number): Promise<string>
  /** The files at the top of the repository, by name: only those whose names and hashes are safe as parts of paths. */
  list(commit: string): Promise<Map<string, HubFile>>
  /** The content of a file from a byte offset on. */
  content(commit: string, file: HubFile, start: number): Promise<AsyncIterable<Uint8Array>>
}

/** Whether a text is a commit, and so safe as part of a path. */
export const isCommit = (text: unknown): text is string => typeof text === 'string' && /^[0-9a-f]{40}$/.test(text)

const NAME = /^[A-Za-z0-9][\w.-]{0,254}$/
const HASH = /^([0-9a-f]{40}|[0-9a-f]{64})$/

const entrySchema = z.looseObject({
  type: z.string(),
  path: z.string(),
  size: z.number(),
  oid: z.string().optional(),
  lfs: z.looseObject({ oid: z.string(), size: z.number() }).optional()
})

/**
 * The requests for one model. Calls of the Hub's API go through `@huggingface/hub`. Contents are requested by their
 * plain address, which the Hub serves for every file, including those in Xet and large-file storage.
 */
export function hubRequests(
  endpoint: string,
  { repo, revision }: HubReference,
  guard: Guard & { readonly limits: HubLimits }
): HubRequests {
  const { limits, signal } = guard
  const named = (part: string) => `${part} of ${repo}@${revision}`
  const attempt = async <Result>(what: string, run: () => Promise<Result>): Promise<Result> => {
    try {
      return await run()
    } catch (error) {
      signal?.throwIfAborted()
      throw hubError(error, what)
    }
  }
  /** A `fetch` for the library: it reads an answer completely, within the limits, before the library sees it. */
  const fetchFor = (what: string, tries: number): typeof fetch => {
    let pages = 0
    return async input => {
      pages += 1
      if (pages > limits.pages) throw beyond(what, `has more than ${limits.pages} pages`)
      const address = input instanceof Request ? input.url : String(input)
      const read = async () => {
        const answer = await guardedFetch(
          { address, what, time: limits.answerTime, headers: { accept: 'application/json' } },
          guard
        )
        return new Response(await whole(answer, what, limits.answerBytes), { headers: links(answer) })
      }
      return retrying(read, { ...limits, tries }, signal)
    }
  }
  return {
    commit: tries => {
      const what = named('the commit')
      return attempt(what, async () => {
        const { modelInfo } = await import('@huggingface/hub')
        const { sha } = await modelInfo({
          hubUrl: endpoint,
          fetch: fetchFor(what, tries),
          name: repo,
          revision,
          additionalFields: ['sha']
        })
        if (!isCommit(sha)) throw hubError(undefined, what)
        return sha
      })
    },
    list: commit => {
      const what = named('the list')
      return attempt(what, async () => {
        const { listFiles } = await import('@huggingface/hub')
        const files = new Map<string, HubFile>()
        for await (const entry of listFiles({
          hubUrl: endpoint,
          fetch: fetchFor(what, limits.tries),
          repo,
          revision: commit
        })) {
          const { type, path, size, oid, lfs } = entrySchema.parse(entry)
          const hash = lfs?.oid ?? oid ?? ''
          const bytes = lfs?.size ?? size
          const isSound = NAME.test(path) && HASH.test(hash) && Number.isSafeInteger(bytes) && bytes >= 0
          if (type === 'file' && isSound) files.set(path, { path, size: bytes, hash })
        }
        return files
      })
    },
    content: async (commit, { path, size }, start) => {
      const what = named(path)
      const address = `${endpoint}/${repo}/resolve/${commit}/${path}`
      // Ranges count bytes of the file, not of its compressed form.
      const headers = { 'accept-encoding': 'identity', ...(start > 0 && { range: `bytes=${start}-${size - 1}` }) }
      const answer = await guardedFetch({ address, what, headers }, guard)
      if (answer.status === 200) return start === 0 ? answer.body : after(start, answer.body)
      if (answer.status === 206 && begin(answer.headers) === start) return answer.body
      answer.close()
      throw hubError(undefined, what)
    }
  }
}

export const beyond = (what: string, how: string) =>
  new SkipwiseError('HUB_LIMIT', {
    problem: `${what} ${how}, more than a model has`,
    fix: 'check the name and HF_ENDPOINT; download a real model of this size by other means'
  })

/** The only header of an answer that the library reads. */
function links({ headers }: GuardedAnswer): Record<string, string> {
  const link = headers.get('link')
  return link === null ? { 'content-type': 'application/json' } : { 'content-type': 'application/json', link }
}

async function whole({ body }: GuardedAnswer, what: string, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > most) throw beyond(what, `has more than ${most} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The offset in the file at which a partial answer begins. */
function begin(headers: Headers): number | undefined {
  const range = /^bytes (\d+)-/.exec(headers.get('content-range') ?? '')
  return range === null ? undefined : Number(range[1])
}

/** The bytes after an offset, for a server that does not support ranges. */
async function* after(start: number, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let left = start
  for await (const chunk of body) {
    const skipped = Math.min(left, chunk.length)
    left -= skipped
    if (skipped < chunk.length) yield chunk.subarray(skipped)
  }
}
