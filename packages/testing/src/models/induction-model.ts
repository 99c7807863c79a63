import type { LanguageModel, Tokenizer } from '@skipwise/core'
import { byteTokenizer } from './byte-tokenizer.js'

/** How an {@link inductionModel} looks back. */
export interface InductionModelOptions {
  readonly name?: string
  /** Default: bytes with BOS. */
  readonly tokenizer?: Tokenizer
  /** How many tokens it sees; what lies further back is forgotten. Default 512. */
  readonly window?: number
}

/** Share of the probability spread evenly over the vocabulary. */
const SMOOTHING = 0.1

/** Longest context that is looked up. */
const ORDER = 16

/**
 * A language model of exact probabilities without weights: it finds the latest place inside its window where the
 * longest suffix of the context (16 tokens at most) stood before, and expects what followed there. So it copies and
 * retrieves as an induction head does (Olsson et al., arXiv 2209.11895), and fails beyond its window: enough to test an
 * evaluation suite against known behaviour.
 *
 * p(v) = 0.9 · [v followed] + 0.1 / V, or 1 / V where nothing matches.
 */
export function inductionModel({
  name = 'induction',
  tokenizer = byteTokenizer(),
  window = 512
}: InductionModelOptions = {}): LanguageModel {
  const vocabSize = tokenizer.vocabSize
  const probability = (ids: ArrayLike<number>, end: number, token: number) => {
    const expected = follower(ids, end, window)
    return expected === undefined ? 1 / vocabSize : SMOOTHING / vocabSize + (expected === token ? 1 - SMOOTHING : 0)
  }
  return {
    name,
    tokenizer,
    vocabSize,
    maxLength: window,
    async score(ids, { from = 0, signal } = {}) {
      signal?.throwIfAborted()
      return Float64Array.from({ length: ids.length - 1 }, (_, t) =>
        t < from ? 0 : Math.log(probability(ids, t + 1, ids[t + 1]))
      )
    },
    scoreAll(sequences, options) {
      return Promise.all(sequences.map(({ ids, from }) => this.score(ids, { from, ...options })))
    },
    sharesPrefix: () => true,
    async *generate(ids, { maxNewTokens, stopIds = [], signal }) {
      const all = Array.from(ids)
      for (let step = 0; step < maxNewTokens; step++) {
        signal?.throwIfAborted()
        const next = follower(all, all.length, window) ?? 0
        if (stopIds.includes(next)) return
        all.push(next)
        yield next
      }
    },
    dispose() {}
  }
}

/** The token after the best earlier match of the context that ends before `end`, the latest among equals. */
function follower(ids: ArrayLike<number>, end: number, window: number): number | undefined {
  const start = Math.max(0, end - window)
  let best: number | undefined
  let longest = 0
  for (let at = end - 1; at > start && longest < ORDER; at--) {
    let length = 0
    while (length < ORDER && at - 1 - length >= start && ids[at - 1 - length] === ids[end - 1 - length]) length++
    if (length > longest) {
      longest = length
      best = ids[at]
    }
  }
  return best
}
