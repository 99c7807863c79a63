import type { RetrievalTask } from './task.js'
import { compoundWord, distinct } from './words.js'

/**
 * Line retrieval as LongChat asks it (lmsys.org, June 2023): many lines, each with a name and a number of five digits,
 * and the number of one line is asked for, here at every depth. The wording is ours. A unit of haystack is a line.
 */
export const lines: RetrievalTask = {
  name: 'lines',
  summary: 'the number in a named line among many',
  maxNewTokens: 15,
  smallest: 1,
  step: 8,
  question({ size, depth, random }) {
    const names = distinct(size, random('names'), compoundWord)
    const numbers = random('numbers')
    const asked = Math.min(Math.floor(depth * size), size - 1)
    const held = names.map(() => String(numbers.integer(10000, 99999)))
    return {
      prompt:
        `Below is a record of lines. Each line has a name and a number. Afterwards you are asked for the number of one line.\n\n${names.map((name, i) => `line ${name}: the number is <${held[i]}>`).join('\n')}\n\n` +
        `Question: what is the number in line ${names[asked]}? Answer: line ${names[asked]}: the number is <`,
      answers: [held[asked]],
      depth: size === 1 ? 0 : asked / (size - 1)
    }
  }
}
