import { SkipwiseError } from '@skipwise/core'

/** First line of a passkey document. */
export const TASK =
  'There is an important info hidden inside a lot of irrelevant text. Find it and memorize them. I will quiz you about the important information there.'

/** The noise of the paper, repeated. */
export const DEFAULT_NOISE = 'The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again.'

/** Last line of the prompt. */
export const QUESTION = 'What is the pass key? The pass key is'

/** A noise text as words, read round and round. */
export interface Noise {
  readonly words: readonly string[]
  /** Word counts at which a sentence ends, rising; the last is `words.length`. */
  readonly sentenceEnds: readonly number[]
}

/** Splits a noise text into words and sentences. @throws SkipwiseError `PASSKEY_NOISE` */
export function parseNoise(text: string): Noise {
  const words = text.split(/\s+/).filter(Boolean)
  if (words.length === 0)
    throw new SkipwiseError('PASSKEY_NOISE', {
      problem: 'the noise text has no words',
      fix: 'give a text of at least one word, or leave noise out'
    })
  const sentenceEnds = words.flatMap((word, i) => (/[.!?]$/.test(word) || i === words.length - 1 ? [i + 1] : []))
  return { words, sentenceEnds }
}

/**
 * The prompt with `before` and `after` words of noise around the key, and its answer; `head` is what stands before the
 * key's sentence.
 */
export function layOut(
  noise: Noise,
  before: number,
  after: number,
  key: string
): { prompt: string; answer: string; head: string } {
  const head = [TASK, repeat(noise, before)].filter(Boolean).join('\n')
  const tail = [`The pass key is ${key}. Remember it. ${key} is the pass key.`, repeat(noise, after), QUESTION]
    .filter(Boolean)
    .join('\n')
  return { prompt: `${head}\n${tail}`, answer: ` ${key}.`, head }
}

/** The first `count` words of the noise repeated without end. */
function repeat({ words }: Noise, count: number): string {
  const cycles = Math.floor(count / words.length)
  return [...Array.from({ length: cycles }, () => words.join(' ')), ...words.slice(0, count % words.length)].join(' ')
}
