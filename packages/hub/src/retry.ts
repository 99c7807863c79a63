import { setTimeout as wait } from 'node:timers/promises'
import { HubStatus, mayPass } from './hub-error.js'
import type { HubLimits } from './limits.js'

/** How a request is tried again. */
export type RetryLimits = Pick<HubLimits, 'retryDelay' | 'longestDelay' | 'tries'>

/**
 * Waits before another try: twice as long each time, or as long as the Hub asks.
 *
 * @param failures failed tries in a row, from 1
 * @throws the signal's reason
 */
export async function backOff(
  failures: number,
  error: unknown,
  limits: RetryLimits,
  signal: AbortSignal | undefined
): Promise<void> {
  const asked = error instanceof HubStatus ? (error.retryAfter ?? 0) : 0
  const delay = Math.min(Math.max(limits.retryDelay * 2 ** (failures - 1), asked), limits.longestDelay)
  try {
    await wait(delay, undefined, { signal })
  } catch (aborted) {
    signal?.throwIfAborted()
    throw aborted
  }
}

/**
 * Runs a request until it succeeds, fails permanently, or has failed {@link HubLimits.tries} times.
 *
 * @throws what the last try threw; the signal's reason
 */
export async function retrying<Result>(
  run: () => Promise<Result>,
  limits: RetryLimits,
  signal: AbortSignal | undefined
): Promise<Result> {
  for (let failures = 1; ; failures++) {
    try {
      return await run()
    } catch (error) {
      signal?.throwIfAborted()
      if (failures >= limits.tries || !mayPass(error)) throw error
      await backOff(failures, error, limits, signal)
    }
  }
}
