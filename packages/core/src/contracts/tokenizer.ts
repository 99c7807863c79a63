/** Text ↔ token ids. */
export interface Tokenizer {
  /** V: number of token ids, special ones included. */
  readonly vocabSize: number
  readonly bosId: number | undefined
  readonly eosId: number | undefined
  /**
   * Whether the model's own tokenizer puts BOS before a text (the policy of `tokenizer.json` or
   * `tokenizer_config.json`).
   */
  readonly addBos: boolean
  /**
   * Whether it puts EOS after a text (`add_eos_token`); default no. Documents to train on get it; prompts and texts to
   * score do not.
   */
  readonly addEos?: boolean
  /**
   * Identifies the files that the tokenizer was made from; caches of token ids are keyed by it. Without it, token ids
   * are not cached.
   */
  readonly digest?: string
  /** Ids of `text`, [n], each in [0, V), without special tokens unless the text itself spells them. */
  encode(text: string): Int32Array
  /** Text of `ids`; special tokens are left out. */
  decode(ids: ArrayLike<number>): string
}
