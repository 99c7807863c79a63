import { SkipwiseError } from '@skipwise/core'
import type { HubReference } from './reference.js'

/**
 * The coded error for a failure of a request. Neither addresses (they may be signed) nor what the server said become part of it, and no
 * request headers: a token must not be printed.
 */
export function hubError(error: unknown, { repo, revision }: HubReference, what: string): Error {
  const status = (error as { statusCode?: unknown }).statusCode, where = `${what} of ${repo}@${revision}`
  const coded = (code: string, problem: string, fix: string) => new SkipwiseError(code, { problem: `${where}: ${problem}`, fix })
  if (status === 401 || status === 403) {
    return coded('HUB_UNAUTHORIZED', `the Hub answers ${status}: it is private, gated or does not exist`, 'check the name; set HF_TOKEN to a token that may read it, and accept its terms on its page')
  }
  if (status === 404) return coded('HUB_NOT_FOUND', 'the Hub has no such model, revision or file', 'check the name and the revision')
  if (typeof status === 'number') return coded('HUB_FAILED', `the Hub answers ${status}`, status === 429 ? 'wait, or set HF_TOKEN' : 'try again later')
  const reason = networkReason(error)
  if (reason !== undefined) return coded('HUB_OFFLINE', `the Hub cannot be reached (${reason})`, 'check the network, HF_ENDPOINT and proxies; what is in the cache is used where it is complete')
  return coded('HUB_FAILED', `the answer of the Hub is not as expected (${error instanceof Error ? error.name : 'no details'})`, 'try again later')
}

/** Why a request got no answer, undefined when it got one. */
function networkReason(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const code = (error as NodeJS.ErrnoException).code ?? (error.cause as NodeJS.ErrnoException | undefined)?.code
  return error instanceof TypeError && /fetch failed|terminated/.test(error.message) ? (code ?? error.message) : undefined
}
