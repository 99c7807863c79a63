import { SkipwiseError } from '@skipwise/core'
import vm from 'node:vm'

/** Time limit in milliseconds for a text, with a tokenizer.json whose expressions and replacements are unknown. */
const MILLISECONDS = 5000

/** Additional milliseconds for each million characters of the text. */
const MILLISECONDS_A_MILLION = 1000

/** Limit of the growth of a text by normalizers or a decoder: a multiple of its characters, plus a constant. */
const GROWTH = 32
const GROWTH_BEYOND = 1 << 20

const script = new vm.Script('run()')
let context: { run: () => void } | undefined

/**
 * Runs code with untrusted regular expressions, which may never end: an expression can only be stopped by ending the
 * script that runs it.
 *
 * @param characters length of the text
 * @throws SkipwiseError `TOKENIZER_UNSUPPORTED` when it takes longer than 5 s and 1 s for each million characters
 */
export function withinTime<Result>(characters: number, file: string, run: () => Result): Result {
  context ??= Object.assign(vm.createContext({}), { run: () => undefined })
  const results: Result[] = []
  const timeout = Math.ceil(MILLISECONDS + (MILLISECONDS_A_MILLION * characters) / 1e6)
  context.run = () => {
    results.push(run())
  }
  try {
    script.runInContext(context, { timeout })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw cause
    throw new SkipwiseError('TOKENIZER_UNSUPPORTED', {
      problem: `${file}: its expressions take longer than ${timeout} ms for a text of ${characters} characters`,
      fix: 'use a tokenizer without them',
      cause
    })
  }
  return results[0]
}

/**
 * The largest length, in UTF-16 units, that a text of this length may grow to.
 *
 * @param length units of the original text
 */
export const mostAfter = (length: number): number => GROWTH * length + GROWTH_BEYOND

/** @throws SkipwiseError `TOKENIZER_UNSUPPORTED` when a text has grown beyond {@link mostAfter} */
export function checkGrowth(length: number, most: number, file: string): void {
  if (length <= most) return
  throw new SkipwiseError('TOKENIZER_UNSUPPORTED', {
    problem: `${file}: its replacements grow a text to more than ${most} characters, ${GROWTH} times its length`,
    fix: 'use a tokenizer without them'
  })
}
