import { usageError } from './errors.js'

/** Signals that ask a command to stop, and what a shell reports of a process that such a signal ended. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

type StopSignal = keyof typeof EXIT_CODES

/**
 * Milliseconds in which a signal counts as the first one again: `npm run` passes on the Ctrl-C that the terminal has
 * already sent to the whole group of processes.
 */
const ECHO = 300

/** What SIGINT and SIGTERM do to this process. */
export interface Interrupts {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal
  /** The exit code of a command that the first signal stopped, undefined when none came. */
  exitCode(): number | undefined
}

/**
 * Listens to SIGINT and SIGTERM. The first asks the command to stop and keep what it has; the next one ends the process
 * at once, by the system's own way, which works while this thread computes.
 *
 * @param say writes a line for people
 */
export function listenToSignals(say: (line: string) => void): Interrupts {
  const controller = new AbortController()
  let first: StopSignal | undefined
  const names = Object.keys(EXIT_CODES) as StopSignal[]
  const stop = (name: StopSignal) => {
    if (first !== undefined) return
    first = name
    say('\nstopping as soon as the work is saved; interrupt again to stop at once')
    controller.abort(usageError('CLI_INTERRUPTED', 'stopped', 'run the same command again to resume'))
    const letGo = setTimeout(() => names.forEach(each => process.off(each, stop)), ECHO)
    letGo.unref()
  }
  for (const name of names) process.on(name, stop)
  return { signal: controller.signal, exitCode: () => (first === undefined ? undefined : EXIT_CODES[first]) }
}
