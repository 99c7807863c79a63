import { SkipwiseError, withoutUndefined } from '@skipwise/core'
import { HubStatus, hubError } from './hub-error.js'
import type { HubLimits } from './limits.js'

/** Where the token may be sent, and what ends a request. */
export interface Guard {
  /** Origin of the Hub. A request to it carries the token, a request to any other origin does not. */
  readonly origin: string
  readonly token: string | undefined
  readonly signal: AbortSignal | undefined
  readonly limits: Pick<HubLimits, 'paceTime' | 'paceBytes'>
}

/** One request. */
export interface GuardedRequest {
  readonly address: string
  /** What is requested, for messages. */
  readonly what: string
  readonly headers?: Readonly<Record<string, string>>
  /** Time limit until the last byte in milliseconds; without it only the pace is limited. */
  readonly time?: number
}

/** An answer with a status of success. */
export interface GuardedAnswer {
  readonly status: number
  readonly headers: Headers
  /** Its bytes. Leaving a loop over them closes the connection. */
  readonly body: AsyncIterable<Uint8Array>
  /** Closes the connection of an answer whose bytes are not read. */
  close(): void
}

/**
 * The only function that uses the network. The token goes to the origin of the Hub and nowhere else: not to the target
 * of a redirect (fetch removes it there), nor to an address in an answer. A request is aborted when its answer does not
 * begin, or when it is too slow.
 *
 * @throws SkipwiseError `HUB_SLOW`, `HUB_OFFLINE`, `HUB_FAILED`; {@link HubStatus}; the signal's reason
 */
export async function guardedFetch(
  { address, what, headers = {}, time }: GuardedRequest,
  guard: Guard
): Promise<GuardedAnswer> {
  const { origin, token, signal, limits } = guard
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') throw hubError(undefined, what)
  const ended = new AbortController()
  const slow = () => ended.abort(slowness(what, limits))
  const deadline = time === undefined ? undefined : setTimeout(slow, time)
  const close = () => {
    clearTimeout(deadline)
    ended.abort()
  }
  const failure = (error: unknown) => {
    signal?.throwIfAborted()
    return ended.signal.aborted ? ended.signal.reason : hubError(error, what)
  }
  const pace = new Pace(limits, slow)
  try {
    const answer = await pace.during(() =>
      fetch(url, {
        headers: withoutUndefined({
          ...headers,
          authorization: token !== undefined && url.origin === origin ? `Bearer ${token}` : undefined
        }),
        signal: signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal])
      })
    )
    // The body of a refusal is not read: it may be of any size.
    if (!answer.ok) throw new HubStatus(answer.status, retryAfter(answer.headers))
    return { status: answer.status, headers: answer.headers, body: bytesOf(answer, pace, failure, close), close }
  } catch (error) {
    try {
      throw error instanceof HubStatus ? error : failure(error)
    } finally {
      close()
    }
  }
}

async function* bytesOf(
  { body }: Response,
  pace: Pace,
  failure: (error: unknown) => unknown,
  close: () => void
): AsyncGenerator<Uint8Array, void> {
  try {
    if (body === null) return
    const reader = body.getReader()
    for (;;) {
      const { done, value } = await pace.during(() => reader.read())
      if (done) return
      pace.count(value.length)
      yield value
    }
  } catch (error) {
    throw failure(error)
  } finally {
    close()
  }
}

/**
 * Watches the pace of an answer: a minimal number of bytes must come in each interval of waiting. Time in which bytes
 * are written to a slow disk does not count.
 */
class Pace {
  private waited = 0
  private bytes = 0

  constructor(
    private readonly limits: Guard['limits'],
    private readonly slow: () => void
  ) {}

  count(bytes: number): void {
    this.bytes += bytes
  }

  async during<Result>(wait: () => Promise<Result>): Promise<Result> {
    const began = performance.now()
    let timer: NodeJS.Timeout
    const look = () => {
      if (this.bytes < this.limits.paceBytes) return this.slow()
      this.bytes = 0
      this.waited = began - performance.now()
      timer = setTimeout(look, this.limits.paceTime)
    }
    timer = setTimeout(look, Math.max(0, this.limits.paceTime - this.waited))
    try {
      return await wait()
    } finally {
      clearTimeout(timer)
      this.waited += performance.now() - began
    }
  }
}

const slowness = (what: string, { paceBytes, paceTime }: Guard['limits']) =>
  new SkipwiseError('HUB_SLOW', {
    problem: `${what}: the Hub sends less than ${paceBytes} bytes in ${paceTime / 1000} s, or an answer does not end`,
    fix: 'try again later, or from another network; a download continues where it stopped'
  })

/** A `Retry-After` header, seconds or a date, in milliseconds from now. */
function retryAfter(headers: Headers): number | undefined {
  const text = headers.get('retry-after')
  if (text === null) return undefined
  const seconds = Number(text)
  const milliseconds = Number.isFinite(seconds) ? 1000 * seconds : Date.parse(text) - Date.now()
  return Number.isFinite(milliseconds) ? milliseconds : undefined
}
