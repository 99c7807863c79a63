import { permutation, type RandomStream } from '@skipwise/core'
import type { QuestionSetting, RetrievalTask } from './task.js'
import { listWords } from './words.js'

const COMMON = 10

/**
 * How often the common and the other words appear in a list, and how many words its solved example has; shorter where
 * less than 4,096 tokens fit.
 */
const counts = (length: number) =>
  length < 4096
    ? { common: 6, other: 1, example: { words: 20, common: 3, other: 1 } }
    : { common: 30, other: 3, example: { words: 40, common: 10, other: 3 } }

/**
 * RULER's common-words extraction: ten words appear in a numbered list far more often than the others. A solved example
 * comes first. Words and wording are ours. A unit of haystack is one of the other words.
 */
export const commonWords: RetrievalTask = {
  name: 'common-words',
  summary: 'the ten words that stand most often in a list',
  maxNewTokens: 120,
  smallest: COMMON,
  step: 10,
  question({ size, length, random }: QuestionSetting) {
    const { common, other, example } = counts(length)
    const shown = list(
      example.words - COMMON,
      example.common,
      example.other,
      random('example'),
      random('example order')
    )
    const asked = list(size, common, other, random('words'), random('order'))
    return {
      prompt: `${shown.prompt} ${shown.answers.map((word, i) => `${i + 1}. ${word}`).join(' ')}\n\n${asked.prompt}`,
      answers: asked.answers
    }
  }
}

function list(others: number, commonCount: number, otherCount: number, words: RandomStream, order: RandomStream) {
  const drawn = listWords(COMMON + others, words)
  const answers = drawn.slice(0, COMMON)
  const all = drawn.flatMap((word, i) => Array.from({ length: i < COMMON ? commonCount : otherCount }, () => word))
  const shuffled = Array.from(
    permutation(all.length, { seed: order.uint32(), stream: 'common-words' }),
    (from, i) => `${i + 1}. ${all[from]}`
  )
  return {
    prompt:
      `The following list has numbered words. ${COMMON} of them stand in it far more often than all others: remember those.\n${shuffled.join(' ')}\n` +
      `Question: which are the ${COMMON} words that stand in the list most often? Answer: the ${COMMON} most common words are:`,
    answers
  }
}
