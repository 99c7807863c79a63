/** Milliseconds of work after which signals, timers and input are let in. */
const INTERVAL = 20

type Later = (resume: () => void) => unknown

/** Node's way, which waits for no clock, or the browser's. */
const host: { readonly setTimeout: Later; readonly setImmediate?: Later } = globalThis

let last = 0

/**
 * Lets signals, timers and input in during long work, at most every 20 ms: between two calls that compute on this
 * thread nothing else is heard, not even Ctrl-C.
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
