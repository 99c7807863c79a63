import type { RandomStream } from '@skipwise/core'
import type { RetrievalTask } from './task.js'
import { compoundWord, distinct } from './words.js'

const ASPECTS = [
  'the history',
  'the upkeep',
  'the price',
  'the design',
  'the science',
  'the future',
  'the art',
  'the dangers',
  'the pleasures',
  'the geography',
  'the music',
  'the language',
  'the trade',
  'the law',
  'the weather',
  'the repair'
]

/**
 * Topic retrieval as LongChat asks it (lmsys.org, June 2023): a conversation about many topics, then the question what
 * its first one was. The conversation is ours. A unit of haystack is a topic.
 */
export const topics: RetrievalTask = {
  name: 'topics',
  summary: 'the first topic of a long conversation',
  maxNewTokens: 50,
  smallest: 1,
  step: 8,
  question({ size, random }) {
    const discussed = distinct(size, random('topics'), topic)
    const remarks = random('remarks')
    const turns = discussed.map(
      about =>
        `USER: I would like to talk about ${about}.\nASSISTANT: Gladly. ${remark(about, remarks)}\nUSER: ${reply(remarks)}\nASSISTANT: ${remark(about, remarks)}`
    )
    return {
      prompt: `A conversation about several topics follows. Afterwards you are asked about it.\n\n${turns.join('\n')}\nUSER: Now look back. What was the very first topic that we talked about? Give only the topic.\nASSISTANT: The first topic that we talked about was`,
      answers: [discussed[0]],
      depth: 0
    }
  }
}

const topic = (random: RandomStream): string =>
  `${ASPECTS[random.integer(0, ASPECTS.length - 1)]} of the ${compoundWord(random).replace('-', ' ')}`

const REMARKS = [
  'What people first notice about {} is seldom what keeps them interested.',
  'There is more than one view of {}, and each has good reasons on its side.',
  'A careful look at {} takes patience, but it is well spent.',
  'Much of what is said about {} is true only in part.',
  'Whoever spends a year with {} comes to see it with other eyes.',
  'The best introduction to {} is a walk with somebody who knows it.'
]

const REPLIES = [
  'That is a good point. What else should I know?',
  'I had not thought of it that way. Go on, please.',
  'Interesting. Is there anything that surprises people?',
  'Thank you. And what would you tell a beginner?'
]

const remark = (about: string, random: RandomStream): string =>
  REMARKS[random.integer(0, REMARKS.length - 1)].replace('{}', about)

const reply = (random: RandomStream): string => REPLIES[random.integer(0, REPLIES.length - 1)]

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
