import { Worker } from 'node:worker_threads'

/** Ends what the main thread runs, from outside, unless the main thread has said that it is over: a loop never does. */
const WATCHDOG = `
const { Session } = require('node:inspector')
const { workerData } = require('node:worker_threads')
setTimeout(() => {
  if (Atomics.load(workerData.over, 0) === 1) return
  const session = new Session()
  session.connectToMainThread()
  session.post('Runtime.terminateExecution', () => session.disconnect())
}, workerData.milliseconds)
`

/** Milliseconds after the limit in which a main thread that is only late, and not in a loop, looks at its own timer. */
const GRACE = 500

/** Thrown by {@link withTimeLimit}. */
export class TimeLimitError extends Error {}

/**
 * The result of `run`, or an error when it takes longer than it may, also when it computes without end or waits for
 * what never comes.
 *
 * @param seconds above 0
 * @throws TimeLimitError, and what `run` throws
 */
export async function withTimeLimit<Result>(run: () => Promise<Result>, seconds: number): Promise<Result> {
  const over = new Int32Array(new SharedArrayBuffer(4))
  const watchdog = new Worker(WATCHDOG, {
    eval: true,
    workerData: { over, milliseconds: 1000 * seconds + GRACE },
    execArgv: [],
    env: {}
  })
  let timer: NodeJS.Timeout | undefined
  // fires at the limit where the main thread waits, and after the watchdog where it was in a loop
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      Atomics.store(over, 0, 1)
      reject(new TimeLimitError(`it takes longer than ${seconds} seconds`))
    }, 1000 * seconds)
  })
  try {
    return await Promise.race([run(), tooLong])
  } finally {
    Atomics.store(over, 0, 1)
    clearTimeout(timer)
    await watchdog.terminate()
  }
}
