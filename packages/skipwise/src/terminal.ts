import { isSkipwiseError, type SkipwiseErrors, type ProgressListener } from '@skipwise/core'
import { errorColours } from './colours.js'
import { createProgress } from './progress.js'

/** What a verb talks to. Standard output carries its result alone; everything else goes to standard error. */
export interface Terminal {
  readonly json: boolean
  readonly progress: ProgressListener
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal
  /** A line for people: on standard output, or on standard error when that carries JSON. */
  say(text?: string): void
  /** The result: one JSON document. */
  result(value: unknown): void
}

/** Opens the terminal of this process. */
export function openTerminal(json: boolean, signal: AbortSignal): Terminal {
  const display = createProgress(process.stderr), stream = json ? process.stderr : process.stdout
  return {
    json,
    signal,
    progress: display.listener,
    say(text = '') {
      display.clear()
      stream.write(`${text}\n`)
    },
    result: value => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
  }
}

/** Codes of what the user wrote, not of what went wrong with it: exit code 2. */
const MISUSE = /^(CLI_USAGE|CLI_CONFIG|CLI_OUTPUT_EXISTS|RECIPE_|HUB_REFERENCE|EVAL_|PLUGIN_|BENCH_(MODEL|RECIPE)|TRAINING_(OPTIONS|FREEZE|LORA)|VERIFY_CASE|POSITIONS_WINDOW)/

/** Prints an error as `CODE: what is wrong: what to do`, several one a line, and gives the exit code. */
export function reportError(error: unknown): 1 | 2 {
  if (!isSkipwiseError(error)) {
    const text = error instanceof Error ? error.message : String(error)
    process.stderr.write(`${errorColours.red('INTERNAL')}: ${text}: set SKIPWISE_DEBUG=1 to see where, and please report it\n`)
    if (process.env['SKIPWISE_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`)
    return 1
  }
  const errors = (error as Partial<SkipwiseErrors>).errors ?? [error]
  for (const { code, problem, fix, stack } of errors) {
    process.stderr.write(`${errorColours.red(code)}: ${problem}: ${fix}\n`)
    if (process.env['SKIPWISE_DEBUG']) process.stderr.write(`${stack}\n`)
  }
  return errors.every(({ code }) => MISUSE.test(code)) ? 2 : 1
}
