import type { RandomStream } from '@skipwise/core'
import type { HaystackText } from './haystack.js'

/** A question whose answers are in its own prompt. */
export interface Question {
  readonly prompt: string
  /** All of them must be in what the model says. */
  readonly answers: readonly string[]
  /** Share of the haystack before the first answer, in [0, 1], where answers have a place. */
  readonly depth?: number
}

/** What a question is drawn from. */
export interface QuestionSetting {
  /** Units of haystack: what a unit is, the task says. */
  readonly size: number
  /** Most tokens of the whole, for tasks whose vocabulary depends on it. */
  readonly length: number
  /** Where the answer is to stand, in [0, 1). */
  readonly depth: number
  readonly text: HaystackText
  /**
   * Streams by name, each from its beginning: what one part draws does not move another, so a longer haystack keeps its
   * needles.
   */
  readonly random: (part: string) => RandomStream
}

/** A kind of question. */
export interface RetrievalTask {
  /** Name in metrics, `name@length`. */
  readonly name: string
  readonly summary: string
  /** Tokens of an answer at most, RULER's where it is one of its tasks. */
  readonly maxNewTokens: number
  /** The fewest units of haystack, and by how many the search for the most steps first. */
  readonly smallest: number
  readonly step: number
  question(setting: QuestionSetting): Question
}
