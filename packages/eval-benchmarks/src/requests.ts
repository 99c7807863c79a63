import type { Question } from './task.js'

/** A text whose likelihood after a context is requested. */
export interface Request {
  readonly context: string
  readonly continuation: string
}

/** The requests of a question, one for each choice, after the examples. */
export function requestsOf({ contexts, continuations }: Question, examples: readonly Question[]): Request[] {
  const shots = examples.map(exampleText).join('')
  return Array.from({ length: Math.max(contexts.length, continuations.length) }, (_, choice) => ({
    context: shots + each(contexts, choice),
    continuation: ` ${each(continuations, choice)}`
  }))
}

/** An example with its answer. */
function exampleText({ contexts, continuations, gold }: Question): string {
  const context = each(contexts, gold)
  const answer = each(continuations, gold)
  // The harness joins nothing to an example whose answer is an empty text of its own (WinoGrande's blank at the end of
  // a sentence).
  return contexts.length > 1 && answer === '' ? context : `${context} ${answer}\n\n`
}

/** The text of a choice: there is one for each, or one for all. */
const each = (texts: readonly string[], choice: number): string => texts[texts.length === 1 ? 0 : choice]
