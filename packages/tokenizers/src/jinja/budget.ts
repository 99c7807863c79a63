import { TemplateFault } from './template-fault.js'

/** What one rendering may do: a template is a stranger's program, and loops need no end. */
export const limits = {
  /** Nodes that are evaluated and items that are created, in addition to {@link limits.stepsForEach}. */
  steps: 2 ** 21,
  /** More for each character of the conversation. */
  stepsForEach: 128,
  /** Never more than these: some seconds. */
  mostSteps: 2 ** 24,
  /** Characters of all intermediate texts, in addition to {@link limits.charactersForEach}. */
  characters: 2 ** 26,
  /** More for each character of the conversation: templates copy what they write some times. */
  charactersForEach: 64,
  /** Characters of what it writes. */
  written: 2 ** 24,
  /** Calls, loops and brackets within one another. */
  depth: 128
}

/**
 * Counts what a rendering does, and ends it when that is too much. The same template and conversation always end at
 * the same place.
 */
export class Budget {
  readonly #allowed: number
  #steps: number
  #characters: number

  /** @param given characters of the conversation */
  constructor(given: number) {
    this.#allowed = Math.min(limits.mostSteps, limits.steps + limits.stepsForEach * given)
    this.#steps = this.#allowed
    this.#characters = limits.characters + limits.charactersForEach * given
  }

  /** Counts `n` steps, ≥ 0. @throws TemplateFault */
  step(n = 1): void {
    this.#steps -= n
    if (!(this.#steps >= 0)) throw new TemplateFault(`it takes more than ${this.#allowed} steps`)
  }

  /** Counts `n` characters, ≥ 0, before they are made. @throws TemplateFault */
  make(n: number): void {
    this.#characters -= n
    if (!(this.#characters >= 0))
      throw new TemplateFault(
        `it makes more than ${limits.characters} characters, and ${limits.charactersForEach} for each of the conversation`
      )
  }

  /** Counts a text that was made. */
  made(text: string): string {
    this.make(text.length)
    return text
  }
}
