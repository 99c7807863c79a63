import { isSkipwiseError } from '@skipwise/core'

/** A question with a line for an answer. */
export interface Question {
  readonly message: string
  /** The answer of whoever just presses Enter, and of `--yes`. */
  readonly suggested: string
}

/** Asks one question; the answer is as it was typed. */
export type Ask = (question: Question) => Promise<string>

/**
 * Asks until an answer is right. What is wrong with one is said, and the question comes again.
 *
 * @param read makes a value of the answer, and throws a coded error where it cannot
 * @param say writes a line for people
 * @returns what `read` makes
 */
export async function askUntilRight<Value>(
  ask: Ask,
  question: Question,
  read: (answer: string) => Value | Promise<Value>,
  say: (line: string) => void
): Promise<Value> {
  for (;;) {
    const answer = (await ask(question)).trim() || question.suggested
    try {
      return await read(answer)
    } catch (error) {
      if (!isSkipwiseError(error)) throw error
      say(`${error.problem}: ${error.fix}`)
    }
  }
}
