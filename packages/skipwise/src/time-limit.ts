import { Worker } from 'node:worker_threads'

/** Ends what the main thread runs, from outside: a loop there lets no timer of its own fire. */
const WATCHDOG = `
const { Session } = require('node:inspector')
const { workerData } = require('node:worker_threads')
setTimeout(() => {
  const session = new Session()
  session.connectToMainThread()
  session.post('Runtime.terminateExecution', () => session.disconnect())
}, workerData)
`

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
  const limit = 1000 * seconds
  const watchdog = new Worker(WATCHDOG, { eval: true, workerData: limit, execArgv: [], env: {} })
  let timer: NodeJS.Timeout | undefined
  // later than the watchdog, which is to end a loop before this is looked at
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeLimitError(`it takes more than ${seconds} seconds`)), limit + 500)
  })
  try {
    return await Promise.race([run(), tooLong])
  } finally {
    clearTimeout(timer)
    await watchdog.terminate()
  }
}
