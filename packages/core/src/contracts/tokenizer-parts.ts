/** What a tokenizer is made of, for a stack that computes token ids by its own program. */
export type TokenizerParts = ByteLevelParts | SentencePieceParts

/** What all kinds have. */
interface CommonParts {
  /** Path of the file that it was read from, for messages. */
  readonly file: string
  /** Tokens that are found in a text by their spelling. */
  readonly added: readonly AddedTokenParts[]
  readonly bosId: number | undefined
  readonly eosId: number | undefined
  /** Whether a text gets BOS in front. */
  readonly addBos: boolean
  /** Whether a text gets EOS at its end. */
  readonly addEos: boolean
}

/** A token that is found in a text by its spelling. */
export interface AddedTokenParts {
  readonly id: number
  readonly content: string
  /** Whether it is a sign for the model and no text. */
  readonly special: boolean
  /** Whether white space next to it belongs to it, or it has to be a whole word. */
  readonly takesNeighbours: boolean
}

/** Byte-pair encoding of the bytes of a text, each written as a character (GPT-2, LLaMA 3, Qwen). */
export interface ByteLevelParts extends CommonParts {
  readonly kind: 'byte-level'
  /** By id; undefined where there is none. */
  readonly tokens: readonly (string | undefined)[]
  /** Pairs of tokens that merge, the first of all first. */
  readonly merges: readonly (readonly [left: string, right: string])[]
  /** Whether a word that is a token is taken whole, whatever the merges are. */
  readonly ignoresMerges: boolean
  /** Types of the normalizers that a text goes through, for instance `NFC`. */
  readonly normalizers: readonly string[]
  /**
   * What cuts a text into words, one step after another: `ByteLevel` by the expression of GPT-2, `bytes` for the step
   * that only writes bytes as characters, `Digits` for each digit alone, `Split:` and an expression whose matches are
   * words, or the JSON of another step.
   */
  readonly preTokenizers: readonly string[]
}

/** A SentencePiece model of pieces that are merged by their scores (LLaMA 1 and 2, Mistral, Phi-3, Gemma). */
export interface SentencePieceParts extends CommonParts {
  readonly kind: 'sentencepiece'
  /** By id. */
  readonly pieces: readonly {
    readonly text: string
    readonly score: number
    /** As SentencePiece counts: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte. */
    readonly type: number
  }[]
  /** Whether a character without a piece becomes the pieces of its bytes. */
  readonly byteFallback: boolean
  /** Whether a text gets a space in front. */
  readonly addsPrefix: boolean
  /** Whether a text after an added token gets one too. */
  readonly addsPrefixAfterToken: boolean
  /** What it does to a text besides that; empty for nothing. */
  readonly changes: readonly string[]
}
