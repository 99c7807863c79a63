import type { Tokenizer } from '@skipwise/core'

/** Tokens before the first that are decoded with it. */
const CONTEXT = 8

/**
 * Text of tokens that come one by one. A character whose bytes are not all there decodes to U+FFFD: it waits. Only the
 * last few tokens are decoded at a time, together with those before them, since many tokenizers treat the first token
 * of a text apart.
 */
export class Detokenizer {
  readonly #ids: number[]
  /** First token that is still decoded, and the first whose text is not out yet. */
  #start = 0
  #read: number

  /**
   * @param before what the tokens continue: SentencePiece leaves out the space before the first word of a text, but not
   * of a continuation
   */
  constructor(
    private readonly tokenizer: Pick<Tokenizer, 'decode'>,
    before: ArrayLike<number> = []
  ) {
    const last = Array.from(before).slice(-CONTEXT)
    this.#ids = tokenizer.decode(last).endsWith('\uFFFD') ? [] : last
    this.#read = this.#ids.length
  }

  /** Takes a token; returns the text that it completes. */
  push(id: number): string {
    this.#ids.push(id)
    const text = this.#pending()
    if (text === '' || text.endsWith('\uFFFD')) return ''
    this.#start = this.#read
    this.#read = this.#ids.length
    return text
  }

  /** Text of what still waits. */
  end(): string {
    const text = this.#pending()
    this.#start = this.#read = this.#ids.length
    return text
  }

  #pending(): string {
    const known = this.tokenizer.decode(this.#ids.slice(this.#start, this.#read))
    return this.tokenizer.decode(this.#ids.slice(this.#start)).slice(known.length)
  }
}
