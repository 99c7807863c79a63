import { permutation } from '@skipwise/core'
import type { RetrievalTask } from './task.js'
import { codedWord, distinct } from './words.js'

/** ζ(2): the words' frequencies k⁻² sum to it. */
const ZETA_2 = Math.PI ** 2 / 6

const ASKED = 3

/**
 * RULER's frequent-words extraction: coded words whose frequencies fall as k⁻²; the most frequent one is written as
 * dots, and the next three are asked for. The wording is ours. A unit of haystack is a word.
 */
export const frequentWords: RetrievalTask = {
  name: 'frequent-words',
  summary: 'the three most frequent words of a coded text',
  maxNewTokens: 50,
  smallest: 64,
  step: 64,
  question({ size, length, random }) {
    const vocabulary = [
      '...',
      ...distinct(Math.max(Math.floor(length / 50), ASKED + 1) - 1, random('words'), codedWord)
    ]
    const words = vocabulary.flatMap((word, k) =>
      Array.from({ length: Math.floor(size / (ZETA_2 * (k + 1) ** 2)) }, () => word)
    )
    const text = Array.from(
      permutation(words.length, { seed: random('order').uint32(), stream: 'frequent-words' }),
      i => words[i]
    ).join(' ')
    return {
      prompt:
        `The following text is made of coded words. Watch how often each of them stands in it; the dots '...' do not count.\n${text}\n` +
        `Question: which ${ASKED} coded words stand in the text most often? Answer: the ${ASKED} most frequent coded words are`,
      answers: vocabulary.slice(1, ASKED + 1)
    }
  }
}
