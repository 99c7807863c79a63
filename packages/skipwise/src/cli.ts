#!/usr/bin/env node
import { isSkipwiseError } from '@skipwise/core'
import { usageError } from './errors.js'
import { runCommand } from './command-line.js'
import { STOPPED_CODES } from './exit-codes.js'
import { openTerminal, reportError } from './terminal.js'

/** Signals that ask a command to stop, and what a shell reports of a process that such a signal ended. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

type StopSignal = keyof typeof EXIT_CODES

/**
 * Milliseconds in which a signal counts as the first one again: `npm run` passes on the Ctrl-C that the terminal has
 * already sent to the whole group of processes.
 */
const ECHO = 300

/** What SIGINT and SIGTERM do to this process. */
interface Interrupts {
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
function listenToSignals(say: (line: string) => void): Interrupts {
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

/**
 * Lets a command go on when nobody reads what it prints: `skipwise extend … | head -1` trains to the end, and so does a
 * command whose terminal was closed. Other failures of writing, as on a full disk, are reported.
 *
 * @param onFailed called with the first error of standard output that is not a reader who left
 */
function outliveReaders(onFailed: (error: NodeJS.ErrnoException) => void): void {
  const isGone = ({ code }: NodeJS.ErrnoException) =>
    code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED' || code === 'EIO'
  let isTold = false
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (isTold || isGone(error)) return
    isTold = true
    onFailed(error)
  })
  // There is nowhere to tell it.
  process.stderr.on('error', () => undefined)
}

const interrupts = listenToSignals(line => process.stderr.write(`${line}\n`))
outliveReaders(error => {
  const problem = `standard output cannot be written (${error.code ?? error.message})`
  process.exitCode = reportError(usageError('CLI_STDOUT', problem, 'redirect it to a disk with free space', error))
})

try {
  const exitCode = await runCommand(process.argv.slice(2), json => openTerminal(json, interrupts.signal))
  // an output that failed has set a code of its own
  process.exitCode ||= exitCode
} catch (error) {
  const exitCode = reportError(error)
  const isStopped = isSkipwiseError(error) && STOPPED_CODES.includes(error.code)
  // Ctrl-C in a question is a key that was pressed, and not a signal
  process.exitCode = isStopped ? (interrupts.exitCode() ?? EXIT_CODES.SIGINT) : exitCode
}
