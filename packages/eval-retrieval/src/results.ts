/**
 * Share of right answers from which on a length counts as mastered: what LLaMA-2 7B reaches at 4,096 tokens (RULER).
 */
export const DEFAULT_THRESHOLD = 85.6

/**
 * The longest length whose score reaches a threshold, 0 where none does, as RULER tells a model's effective context
 * length.
 *
 * @param scores [length, score in [0, 1]]
 * @param threshold in percent
 */
export const effectiveLength = (scores: readonly (readonly [number, number])[], threshold: number): number =>
  Math.max(0, ...scores.filter(([, score]) => 100 * score >= threshold - 1e-9).map(([length]) => length))

/** One question and what came of it. */
export interface PasskeyTrial {
  /** Real length of BOS, prompt and answer; of BOS and prompt in the format of a peer. */
  readonly tokens: number
  /** Share of the noise before the key. */
  readonly depth: number
  /** Tokens before the sentence with the key. */
  readonly keyPosition: number
  readonly key: string
  /** First run of digits that was generated, '' for none; the whole text in the format `longlora`. */
  readonly answer: string
  readonly correct: boolean
}

/** What was measured at one length. */
export interface PasskeyLengthResult {
  readonly length: number
  readonly trials: readonly PasskeyTrial[]
  readonly correct: number
  /** correct / trials, in [0, 1]. */
  readonly accuracy: number
  /** 95 % Wilson interval of the accuracy. */
  readonly interval: readonly [number, number]
  /** The length × depth grid's column: trials by depth band [from, to). */
  readonly depths: readonly {
    readonly from: number
    readonly to: number
    readonly trials: number
    readonly correct: number
  }[]
}

/** The `details` of this suite's results. */
export interface PasskeyDetails {
  /** Longest sequence the model's position encoding was made for. */
  readonly maxLength: number
  /** Whether the prompt begins with BOS (the tokenizer's own policy). */
  readonly bos: boolean
  /** The longest length whose accuracy reaches the threshold, 0 for none. */
  readonly effectiveLength: number
  readonly lengths: readonly PasskeyLengthResult[]
}

/** One question and what came of it. */
export interface TaskTrial {
  /** Real length of BOS and prompt. */
  readonly tokens: number
  /** Share of the haystack before the first answer, where answers have a place. */
  readonly depth?: number
  readonly answers: readonly string[]
  /** What was generated. */
  readonly generated: string
  /** Share of the answers in it, in [0, 1]. */
  readonly score: number
}

/** One task at one length. */
export interface TaskResult {
  readonly task: string
  readonly length: number
  /** Mean score, in [0, 1]. */
  readonly score: number
  /** 95 % Wilson interval; too wide rather than too narrow where scores are shares. */
  readonly interval: readonly [number, number]
  readonly trials: readonly TaskTrial[]
}

/** The `details` of the results of a suite of tasks. */
export interface TasksDetails {
  readonly maxLength: number
  /** Whether the prompt begins with BOS (the tokenizer's own policy). */
  readonly bos: boolean
  /** SHA-256 of the haystack's text, `null` for the noise sentence. */
  readonly haystack: string | null
  readonly effectiveLength: number
  readonly results: readonly TaskResult[]
}
