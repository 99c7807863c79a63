import { SkipwiseError } from '@skipwise/core'
import { HubStatus, hubError } from './hub-error.js'
import type { HubLimits } from './limits.js'

/** Who may see the token, and what ends a request. */
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
  /** What is asked for, for messages. */
  readonly what: string
  readonly headers?: Readonly<Record<string, string>>
  /** Milliseconds until the last byte; without it only the pace is limited. */
  readonly time?: number
}

/** An answer: its status is that of success. */
export interface GuardedAnswer {
  readonly status: number
  readonly headers: Headers
  /** Its bytes. Leaving the loop over them closes the connection. */
  readonly body: AsyncIterable<Uint8Array>
  /** Closes the connection of an answer whose bytes nobody reads. */
  close(): void
}

/**
 * The one place from which the network is asked. The token goes to the origin of the Hub and to no other: not to where
 * the Hub redirects (fetch takes it out there), nor to an address in an answer. An answer that does not begin, or that
 * drips, is ended.
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
        headers: {
          ...headers,
          ...(token !== undefined && url.origin === origin && { authorization: `Bearer ${token}` })
        },
        signal: signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal])
      })
    )
    // Nobody reads what a refusal says: that may be of any size.
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
 * Watches the pace of an answer: in each stretch of waiting so many bytes must come. Only waiting counts; time in which
 * the bytes are written to a slow disk does not.
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
    problem: `${what}: the Hub sends less than ${paceBytes} bytes in ${paceTime / 1000} s, or an answer has no end`,
    fix: 'try again later, or from another network; a download goes on where it ended'
  })

/** Seconds, or a date, as milliseconds from now. */
function retryAfter(headers: Headers): number | undefined {
  const text = headers.get('retry-after')
  if (text === null) return undefined
  const seconds = Number(text)
  const milliseconds = Number.isFinite(seconds) ? 1000 * seconds : Date.parse(text) - Date.now()
  return Number.isFinite(milliseconds) ? milliseconds : undefined
}
