import type { Tokenizer } from './tokenizer.js'

/** How to choose the next token. */
export interface GenerateOptions {
  readonly maxNewTokens: number
  /** 0 (the default) takes the most likely token; otherwise logits are divided by it. */
  readonly temperature?: number | undefined
  /** Keep only the k most likely tokens. */
  readonly topK?: number | undefined
  /** Keep the smallest set of tokens with this probability, in (0, 1]. */
  readonly topP?: number | undefined
  /**
   * Divides the positive logits of tokens that the sequence already has, prompt included, and multiplies the negative
   * ones; 1 (the default) leaves them (Keskar et al. 2019, CTRL).
   */
  readonly repetitionPenalty?: number | undefined
  /** Seed of sampling. */
  readonly seed?: number | undefined
  /** Ids that end the generation; they are not returned. */
  readonly stopIds?: readonly number[] | undefined
  readonly signal?: AbortSignal | undefined
}

/** What {@link LanguageModel.scoreAll} scores. */
export interface ScoredSequence {
  /** Token ids [n], n ≥ 2, at positions 0 … n − 1. */
  readonly ids: Int32Array
  /** Compute only from this element on (elements before it are 0). */
  readonly from: number
}

/** A language model without tensors: what evaluation suites see. */
export interface LanguageModel {
  readonly name: string
  readonly tokenizer: Tokenizer
  /** V. */
  readonly vocabSize: number
  /** Longest sequence the position encoding was made for, in tokens. */
  readonly maxLength: number
  /**
   * Natural-log probabilities of the tokens of one sequence given the tokens before each: element t is log p(ids[t + 1]
   * | ids[0 … t]), [n − 1].
   *
   * @param ids at least two token ids, at positions 0 … n − 1
   * @param options.from compute only from this element on (elements before it are 0); default 0
   */
  score(
    ids: Int32Array,
    options?: { readonly from?: number | undefined; readonly signal?: AbortSignal | undefined }
  ): Promise<Float64Array>
  /**
   * {@link score} of several sequences, [n − 1] for each, each from its own element on. What a sequence has in common
   * with the one before it may be computed once, so put sequences that begin alike next to each other. Where this is
   * left out, callers score one by one.
   */
  scoreAll?(
    sequences: readonly ScoredSequence[],
    options?: { readonly signal?: AbortSignal | undefined }
  ): Promise<Float64Array[]>
  /**
   * Whether the first `shorter` tokens of a sequence of `longer` tokens score as they do alone, so that one pass serves
   * both. This holds for a causal model unless its frequencies depend on the length (dynamic NTK, LongRoPE). Where this
   * is left out, nothing is shared.
   */
  sharesPrefix?(shorter: number, longer: number): boolean
  /** Continues the token ids [n] one by one. */
  generate(ids: Int32Array, options: GenerateOptions): AsyncIterable<number>
  /** Frees device memory. */
  dispose(): void
}
