/** A run of tokens that goes through the model at once. */
export interface PrefillChunk {
  /** Index of its first token in the sequence. */
  readonly begin: number
  /** Index after its last token. */
  readonly end: number
  /**
   * T of the program that runs it, ≥ end − begin: the rest is padding after the sequence, which no token attends to.
   */
  readonly length: number
}

/** Attention scores of a chunk may take this many elements (256 MB). */
const SCORE_ELEMENTS = 2 ** 26
/** Shorter programs save no time. */
export const SHORTEST = 16

/** The smallest power of two that is at least `n`. */
export const powerOfTwo = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)))

/** S: slots of a cache for `tokens` tokens, a power of two so that few programs serve all lengths. */
export const capacityFor = (tokens: number, chunk: number): number => powerOfTwo(Math.max(tokens, chunk))

/** Tokens of a whole chunk: `chunk`, or fewer where H·T·S scores would take too much memory. */
export const chunkLength = (chunk: number, capacity: number, heads: number): number =>
  Math.max(1, Math.min(chunk, 2 ** Math.floor(Math.log2(SCORE_ELEMENTS / (heads * capacity)))))

/**
 * Cuts tokens 0 … tokens − 1 into chunks of `length`, a power of two. The last one runs in a program of the next power
 * of two, so that every chunk ends, padding included, within a capacity that is a power of two.
 */
export function chunksOf(tokens: number, length: number): PrefillChunk[] {
  return Array.from({ length: Math.ceil(tokens / length) }, (_, i) => {
    const begin = i * length
    const end = Math.min(tokens, begin + length)
    return { begin, end, length: Math.min(length, Math.max(SHORTEST, powerOfTwo(end - begin))) }
  })
}

/**
 * Cuts tokens begin … end − 1 of a sequence into chunks of `length` at most, each in a program of a power of two that
 * ends, padding included, within `capacity`, at least `end` + {@link SHORTEST}. Where there is no room for the padding
 * of a whole rest, its largest power of two goes first.
 */
export function chunksBetween(begin: number, end: number, length: number, capacity: number): PrefillChunk[] {
  const chunks: PrefillChunk[] = []
  while (begin < end) {
    let tokens = Math.min(length, end - begin)
    let padded = Math.min(length, Math.max(SHORTEST, powerOfTwo(tokens)))
    if (begin + padded > capacity) {
      tokens = 2 ** Math.floor(Math.log2(tokens))
      padded = Math.min(length, Math.max(SHORTEST, tokens))
    }
    chunks.push({ begin, end: begin + tokens, length: padded })
    begin += tokens
  }
  return chunks
}
