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
