/** Milliseconds of work after which pending events are handled. */
const INTERVAL = 20

type Later = (resume: () => void) => unknown

/** Node's `setImmediate`, which does not wait for a timer, or the browser's way. */
const host: { readonly setTimeout: Later; readonly setImmediate?: Later } = globalThis

let last = 0

/**
 * Lets signals, timers and input be handled during long work, at most every 20 ms. While this thread computes, nothing
 * else is handled, not even Ctrl-C.
 *
 * @throws the signal's reason when it is aborted
 */
export async function letEventsIn(signal?: AbortSignal): Promise<void> {
  if (performance.now() - last >= INTERVAL) {
    await new Promise<void>(resolve => void (host.setImmediate ?? host.setTimeout)(resolve))
    last = performance.now()
  }
  signal?.throwIfAborted()
}
