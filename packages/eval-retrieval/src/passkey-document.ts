import { SkipwiseError, type Tokenizer } from '@skipwise/core'
import { countTokens, largestThatFits } from './prompts.js'

/** First line of a passkey document. */
export const TASK =
  'There is an important info hidden inside a lot of irrelevant text. Find it and memorize them. I will quiz you about the important information there.'

/** The noise of the paper, repeated. */
export const DEFAULT_NOISE = 'The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again.'

/** Last line of the prompt. */
export const QUESTION = 'What is the pass key? The pass key is'

/** The sentence with the key. */
export const keySentence = (key: string): string => `The pass key is ${key}. Remember it. ${key} is the pass key.`

/** A noise text as words, read round and round. */
interface Noise {
  readonly words: readonly string[]
  /** Word counts at which a sentence ends, rising; the last is `words.length`. */
  readonly sentenceEnds: readonly number[]
}

/** Splits a noise text into words and sentences. @throws SkipwiseError `PASSKEY_NOISE` */
function parseNoise(text: string): Noise {
  const words = text.split(/\s+/).filter(Boolean)
  if (words.length === 0)
    throw new SkipwiseError('PASSKEY_NOISE', {
      problem: 'the noise text has no words',
      fix: 'use a text of at least one word, or remove noise'
    })
  const sentenceEnds = words.flatMap((word, i) => (/[.!?]$/.test(word) || i === words.length - 1 ? [i + 1] : []))
  return { words, sentenceEnds }
}

/**
 * The prompt with `before` and `after` words of noise around the key, and its answer; `head` is the text before the
 * key's sentence.
 */
function layOut(
  noise: Noise,
  before: number,
  after: number,
  key: string
): { prompt: string; answer: string; head: string } {
  const head = [TASK, repeat(noise, before)].filter(Boolean).join('\n')
  const tail = [keySentence(key), repeat(noise, after), QUESTION].filter(Boolean).join('\n')
  return { prompt: `${head}\n${tail}`, answer: ` ${key}.`, head }
}

/** The first `count` words of the noise repeated without end. */
function repeat({ words }: Noise, count: number): string {
  const cycles = Math.floor(count / words.length)
  return [...Array.from({ length: cycles }, () => words.join(' ')), ...words.slice(0, count % words.length)].join(' ')
}

/** What a passkey document is made of. */
export interface PasskeyOptions {
  /** Most tokens of BOS (where the tokenizer puts one), prompt and answer together. */
  readonly length: number
  /** The place of the key in the noise: in [0, 1), 0 before all of it. */
  readonly depth: number
  /** The pass key, usually decimal digits. */
  readonly key: string
  /** Sentences repeated around the key; the paper's by default. */
  readonly noise?: string | undefined
  /** Tokens to leave for the answer where they are more than the answer's own. */
  readonly reserve?: number | undefined
}

/** A passkey document: `prompt + answer` is one text for training, `prompt` alone a question. */
export interface PasskeyDocument {
  readonly prompt: string
  /** What follows the prompt: a space, the key and a full stop. */
  readonly answer: string
  /**
   * Real token count of BOS (where the tokenizer puts one), prompt and answer: at most `length`, and within a noise
   * sentence of it.
   */
  readonly tokens: number
  /** Tokens of the answer. */
  readonly answerTokens: number
  /** Share of the noise words before the key, in [0, 1]. */
  readonly depth: number
  /** Tokens before the sentence with the key, BOS included. */
  readonly keyPosition: number
}

/**
 * Builds a passkey document of a real token length: the words of noise are as many as fit, counted with the tokenizer
 * itself, so that a length means that length. The key stands between whole sentences; what is left after it is filled
 * word by word.
 *
 * Texts are those of Mohtashami & Jaggi (arXiv 2305.16300) as PoSE and YaRN use them.
 *
 * @throws SkipwiseError `PASSKEY_LENGTH`, `PASSKEY_NOISE`
 *
 * @example
 * ```ts
 * const { prompt, answer } = passkeyDocument(tokenizer, { length: 4096, depth: 0.3, key: '71432' })
 * ```
 */
export function passkeyDocument(tokenizer: Tokenizer, options: PasskeyOptions): PasskeyDocument {
  const { length, depth, key, reserve = 0 } = options
  const noise = parseNoise(options.noise ?? DEFAULT_NOISE)
  const count = (text: string) => countTokens(tokenizer, text)

  const measure = (words: number) => {
    const before = wordsBefore(noise, words, depth)
    const text = layOut(noise, before, words - before, key)
    const tokens = count(text.prompt + text.answer)
    const need = reserve === 0 ? tokens : Math.max(tokens, count(text.prompt) + reserve)
    return { ...text, tokens, need, depth: words === 0 ? 0 : before / words }
  }
  const none = measure(0)
  if (none.need > length) {
    throw new SkipwiseError('PASSKEY_LENGTH', {
      problem: `a passkey document without any noise takes ${none.need} tokens with this tokenizer, more than ${length}`,
      fix: `choose lengths of ${none.need} or more`
    })
  }
  const {
    prompt,
    answer,
    head,
    tokens,
    depth: realDepth
  } = largestThatFits(measure, length, { size: 0, made: none }, noise.words.length)
  return { prompt, answer, tokens, answerTokens: tokens - count(prompt), depth: realDepth, keyPosition: count(head) }
}

/**
 * Whole sentences before the key: with s of them in all, each of the s + 1 places has an equal share of the depths [0,
 * 1).
 */
function wordsBefore(noise: Noise, words: number, depth: number): number {
  const ends = noise.sentenceEnds
  const cycle = noise.words.length
  const cycles = Math.floor(words / cycle)
  const sentences = cycles * ends.length + ends.filter(end => end <= words % cycle).length
  const before = Math.min(Math.floor(depth * (sentences + 1)), sentences)
  return Math.floor(before / ends.length) * cycle + (before % ends.length === 0 ? 0 : ends[(before % ends.length) - 1])
}
