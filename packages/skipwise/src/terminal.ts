import { isSkipwiseError, shortened, visibleJson, type SkipwiseErrors, type ProgressListener } from '@skipwise/core'
import { errorColours, printable } from './colours.js'
import { exitCodeOf } from './exit-codes.js'
import { ERRORS_PRINTED, INTERNAL_CHARACTERS } from './limits.js'
import { createProgress } from './progress.js'
import { namedError } from './system-error.js'

/** What a verb talks to. Standard output carries its result alone; everything else goes to standard error. */
export interface Terminal {
  readonly json: boolean
  readonly progress: ProgressListener
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal
  /** A line for people: on standard output, or on standard error when that carries JSON. */
  say(text?: string): void
  /** Something to know, on standard error whatever standard output carries. */
  note(text: string): void
  /** The result: one JSON document. */
  result(value: unknown): void
}

/** Opens the terminal of this process. */
export function openTerminal(json: boolean, signal: AbortSignal): Terminal {
  const display = createProgress(process.stderr)
  // the last line of progress is the final one, however the command ends
  process.once('exit', display.end)
  const stream = json ? process.stderr : process.stdout
  return {
    json,
    signal,
    progress: display.listener,
    say(text = '') {
      display.clear()
      stream.write(`${printable(text)}\n`)
    },
    note(text) {
      display.clear()
      complain(`note: ${text}`)
    },
    result: value => void process.stdout.write(`${visibleJson(value, 2)}\n`)
  }
}

/** A line on standard error. */
const complain = (text: string) => void process.stderr.write(`${printable(text)}\n`)

/** Prints an error as `CODE: what is wrong: what to do`, several one a line, and gives the exit code. */
export function reportError(thrown: unknown): 1 | 2 {
  const error = namedError(thrown)
  if (!isSkipwiseError(error)) {
    const text = shortened(error instanceof Error ? error.message : String(error), INTERNAL_CHARACTERS)
    complain(`${errorColours.red('INTERNAL')}: ${text}: set SKIPWISE_DEBUG=1 to see where, and please report it`)
    if (process.env['SKIPWISE_DEBUG'] && error instanceof Error)
      complain(shortened(String(error.stack), INTERNAL_CHARACTERS))
    return 1
  }
  const errors = (error as Partial<SkipwiseErrors>).errors ?? [error]
  for (const { code, problem, fix, stack } of errors.slice(0, ERRORS_PRINTED)) {
    complain(`${errorColours.red(code)}: ${problem}: ${fix}`)
    if (process.env['SKIPWISE_DEBUG']) complain(String(stack))
  }
  if (errors.length > ERRORS_PRINTED) complain(`and ${errors.length - ERRORS_PRINTED} more`)
  return exitCodeOf(errors.map(({ code }) => code))
}
