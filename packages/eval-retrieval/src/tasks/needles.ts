import type { RandomStream } from '@skipwise/core'
import { noiseText, sentencesOf, withNeedles } from './haystack.js'
import type { Question, QuestionSetting, RetrievalTask } from './task.js'
import { compoundWord, distinct, magicNumber, uuid } from './words.js'

/** A needle-in-a-haystack task of RULER: what is hidden, in what, and how much of it is asked for. */
interface NeedleTask {
  readonly name: string
  readonly summary: string
  /** Noise sentences, one a line; a text of the user's; or other needles. */
  readonly haystack: 'noise' | 'text' | 'needles'
  readonly key: 'word' | 'uuid'
  readonly value: 'number' | 'uuid'
  /** Keys hidden, values of each key, and keys asked for. */
  readonly keys: number
  readonly values: number
  readonly queries: number
}

const MAKE: Readonly<Record<NeedleTask['key'] | NeedleTask['value'], (random: RandomStream) => string>> = {
  word: compoundWord,
  number: magicNumber,
  uuid
}

/**
 * The task of a declaration, with RULER's wording (Hsieh et al., arXiv 2404.06654, table 7). A unit of haystack is a
 * sentence, or a needle.
 */
const needleTask = (task: NeedleTask): RetrievalTask => ({
  name: task.name,
  summary: task.summary,
  maxNewTokens: 128,
  smallest: 0,
  step: 8,
  question: setting => needleQuestion(task, setting)
})

const ONE = { key: 'word', value: 'number', keys: 1, values: 1, queries: 1 } as const

/** What a row leaves out is one number of one key. */
const rows: readonly NeedleTask[] = [
  { ...ONE, name: 'niah-single-1', summary: 'a number in noise', haystack: 'noise' },
  { ...ONE, name: 'niah-single-2', summary: 'a number in a text', haystack: 'text' },
  { ...ONE, name: 'niah-single-3', summary: 'a UUID in a text', haystack: 'text', value: 'uuid' },
  { ...ONE, name: 'niah-multikey-1', summary: 'one of four numbers in a text', haystack: 'text', keys: 4 },
  { ...ONE, name: 'niah-multikey-2', summary: 'a number among numbers', haystack: 'needles' },
  { ...ONE, name: 'niah-multikey-3', summary: 'a UUID among UUIDs', haystack: 'needles', key: 'uuid', value: 'uuid' },
  { ...ONE, name: 'niah-multivalue', summary: 'four numbers of one key', haystack: 'text', values: 4 },
  { ...ONE, name: 'niah-multiquery', summary: 'the numbers of four keys', haystack: 'text', keys: 4, queries: 4 }
]

/** RULER's needles in haystacks. */
export const needleTasks: readonly RetrievalTask[] = rows.map(needleTask)

function needleQuestion(
  { haystack, key, value, keys, values, queries }: NeedleTask,
  { size, depth, text, random }: QuestionSetting
): Question {
  const type = `${value}s`
  const names = distinct(keys, random('keys'), MAKE[key])
  const held = distinct(keys * values, random('values'), MAKE[value])
  const valuesOf = (k: number) => held.slice(k * values, (k + 1) * values)
  const sentence = (name: string, content: string) => `One of the special magic ${type} for ${name} is: ${content}.`
  const needles = names.flatMap((name, k) => valuesOf(k).map(content => sentence(name, content)))
  const lines =
    haystack === 'needles'
      ? others(size, sentence, new Set(names), random('others'), MAKE[key], MAKE[value])
      : sentencesOf(haystack === 'noise' ? noiseText : text, size)
  // The first needle, which is asked for, is in its stratum; the others are anywhere.
  const places = random('places')
  const laid = withNeedles(
    lines,
    needles,
    needles.map((_, i) => (i === 0 ? depth : places.uniform()))
  )
  const asked = names.slice(0, queries)
  const query = asked.length === 1 ? asked[0] : `${asked.slice(0, -1).join(', ')}, and ${asked[asked.length - 1]}`
  const one = queries * values === 1
  const what = one ? value : type
  const are = one ? 'is' : 'are'
  const context = laid.lines.join(haystack === 'text' ? ' ' : '\n')
  return {
    prompt:
      `${one ? 'A' : 'Some'} special magic ${what} ${are} hidden within the following text. Make sure to memorize it. I will quiz you about the ${what} afterwards.\n${context}\n` +
      `What ${one ? 'is' : 'are all'} the special magic ${what} for ${query} mentioned in the provided text? The special magic ${what} for ${query} mentioned in the provided text ${are}`,
    answers: asked.flatMap((_, k) => valuesOf(k)),
    depth: lines.length === 0 ? 0 : laid.before[0] / lines.length
  }
}

/** Needles of other keys, of which a longer haystack has the same and more. */
function others(
  count: number,
  sentence: (name: string, content: string) => string,
  taken: ReadonlySet<string>,
  random: RandomStream,
  name: (random: RandomStream) => string,
  content: (random: RandomStream) => string
): string[] {
  return Array.from({ length: count }, () => {
    let other = name(random)
    while (taken.has(other)) other = name(random)
    return sentence(other, content(random))
  })
}
