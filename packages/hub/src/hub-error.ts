import { SkipwiseError } from '@skipwise/core'

/** An answer whose status is not a success. */
export class HubStatus extends Error {
  constructor(
    readonly status: number,
    /** Milliseconds to wait, from `Retry-After`. */
    readonly retryAfter: number | undefined
  ) {
    super(`status ${status}`)
  }
}

/** Codes of failures that another try may solve. */
const RETRIED = new Set(['HUB_INTERRUPTED', 'HUB_OFFLINE', 'HUB_SLOW'])

/** Whether the same request may succeed when it is tried again. */
export function mayPass(error: unknown): boolean {
  if (error instanceof HubStatus) return error.status === 408 || error.status === 429 || error.status >= 500
  return error instanceof SkipwiseError && RETRIED.has(error.code)
}

/**
 * The coded error for a failure of a request. It contains no addresses (they may be signed), no text of the server and
 * no request headers: a token must not be printed.
 *
 * @param what that was asked for, for instance `config.json of owner/name@main`
 */
export function hubError(error: unknown, what: string): SkipwiseError {
  if (error instanceof SkipwiseError) return error
  const coded = (code: string, problem: string, fix: string) =>
    new SkipwiseError(code, { problem: `${what}: ${problem}`, fix })
  const again = 'try again later'
  if (error instanceof HubStatus) {
    const { status } = error
    if (status === 401 || status === 403) {
      const fix = 'check the name; set HF_TOKEN to a token that may read it, and accept its terms on its page'
      return coded('HUB_UNAUTHORIZED', `the Hub answers ${status}: it is private, gated or does not exist`, fix)
    }
    if (status === 404)
      return coded('HUB_NOT_FOUND', 'the Hub has no such model, revision or file', 'check the name and the revision')
    return coded('HUB_FAILED', `the Hub answers ${status}`, status === 429 ? 'wait, or set HF_TOKEN' : again)
  }
  const reason = networkReason(error)
  if (reason !== undefined) {
    const fix = 'check the network, HF_ENDPOINT and proxies; a complete model in the cache is used offline'
    return coded('HUB_OFFLINE', `the Hub cannot be reached (${reason})`, fix)
  }
  return coded(
    'HUB_FAILED',
    `the Hub sent an unexpected answer (${error instanceof Error ? error.name : 'no details'})`,
    again
  )
}

/** The coded error for a cache that cannot be read or written. */
export function cacheError(folder: string, code: string, cause: unknown): SkipwiseError {
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const fix = 'free disk space and run the same command again: it continues where it stopped'
    return new SkipwiseError('DISK_FULL', { problem: `no space left in the cache ${folder} (${code})`, fix, cause })
  }
  const fix = 'make it readable and writable, or set HF_HUB_CACHE to another folder'
  return new SkipwiseError('HUB_CACHE', { problem: `the cache ${folder} cannot be used (${code})`, fix, cause })
}

/** Why a request got no answer, undefined when it got one. */
function networkReason(error: unknown): string | undefined {
  if (!(error instanceof TypeError) || !/fetch failed|terminated/.test(error.message)) return undefined
  return codeOf(error) ?? codeOf(error.cause) ?? error.message
}

/** The `code` of an error of the system or of the network, such as `ECONNREFUSED`. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
