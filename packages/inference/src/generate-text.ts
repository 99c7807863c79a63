import { SkipwiseError, type GenerateOptions, type LanguageModel, type Tokenizer } from '@skipwise/core'

/**
 * Lets text pass until one of some strings appears in it; the beginning of one is held back until it is clear what
 * becomes of it.
 */
export class StopStrings {
  #held = ''
  #stopped = false

  constructor(private readonly strings: readonly string[]) {}

  /** Whether a stop string has appeared. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** Takes text; returns what may be shown, nothing of a stop string or after it. */
  push(text: string): string {
    if (this.#stopped) return ''
    const all = this.#held + text
    const places = this.strings.map(stop => all.indexOf(stop)).filter(place => place >= 0)
    this.#stopped = places.length > 0
    const end = this.#stopped ? Math.min(...places) : all.length - this.#unclear(all)
    this.#held = this.#stopped ? '' : all.slice(end)
    return all.slice(0, end)
  }

  /** What was held back. */
  end(): string {
    const held = this.#held
    this.#held = ''
    return held
  }

  /** Length of the longest end of `text` that a stop string begins with. */
  #unclear(text: string): number {
    const longest = Math.max(0, ...this.strings.map(stop => stop.length - 1))
    for (let length = Math.min(longest, text.length); length > 0; length--) {
      if (this.strings.some(stop => stop.length > length && stop.startsWith(text.slice(-length)))) return length
    }
    return 0
  }
}

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

/** How {@link generateText} goes on. */
export interface GenerateTextOptions extends GenerateOptions {
  /** Texts that end the generation; neither they nor the text after them is returned. */
  readonly stopStrings?: readonly string[] | undefined
}

/** A piece of generated text. */
export interface TextPiece {
  /** What is new, never empty but in the last piece. */
  readonly text: string
  /** Tokens generated so far. */
  readonly tokens: number
}

/**
 * Continues the token ids [n] and yields the text as soon as it is settled: characters whole, and nothing that may be
 * the beginning of a stop string.
 *
 * @throws SkipwiseError what `model.generate` throws; `INFERENCE_OPTIONS` for an empty stop string
 */
export async function* generateText(
  model: LanguageModel,
  ids: Int32Array,
  { stopStrings = [], ...options }: GenerateTextOptions
): AsyncGenerator<TextPiece, void> {
  if (stopStrings.includes(''))
    throw new SkipwiseError('INFERENCE_OPTIONS', { problem: 'a stop string is empty', fix: 'leave it out' })
  const detokenizer = new Detokenizer(model.tokenizer, ids)
  const stops = new StopStrings(stopStrings)
  let tokens = 0
  for await (const id of model.generate(ids, options)) {
    tokens++
    const text = stops.push(detokenizer.push(id))
    if (text) yield { text, tokens }
    if (stops.stopped) break
  }
  yield { text: stops.push(detokenizer.end()) + stops.end(), tokens }
}
