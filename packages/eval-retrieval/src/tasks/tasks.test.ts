import { fc, test } from '@fast-check/vitest'
import type { Tokenizer } from '@skipwise/core'
import { byteTokenizer } from '@skipwise/testing'
import { describe, expect, it } from 'vitest'
import { countTokens } from '../prompts.js'
import { questionDocument } from '../question-document.js'
import { noiseText, textHaystack } from './haystack.js'
import { longchatTasks, rulerTasks } from '../tasks-suite.js'

/** Words and marks as tokens: near to what a tokenizer of a large model counts. */
const wordTokenizer: Tokenizer = {
  ...byteTokenizer(),
  encode: text => new Int32Array((text.match(/\w{1,6}|[^\w\s]|\n/g) ?? []).length)
}
const text = textHaystack('Ropes are long. Tables are\nwide! Do windows move? They do. And chunks skip')
const all = [...rulerTasks, ...longchatTasks]
const question = (name: string, options: object = {}, tokenizer = wordTokenizer) => {
  const task = all.find(task => task.name === name) as (typeof all)[0]
  return questionDocument(task, tokenizer, {
    length: 3000,
    seed: 0,
    trial: 0,
    depth: 0.5,
    text,
    maxNewTokens: task.maxNewTokens,
    ...options
  })
}

describe.each(all.map(task => [task.name, task] as const))('%s', (name, task) => {
  test.prop(
    [fc.integer({ min: 2600, max: 9000 }), fc.nat(), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })],
    { numRuns: 8 }
  )('is never longer than asked for, by little shorter, and holds its answers', (length, seed, depth) => {
    // A unit of haystack: a sentence, a needle, the repetitions of a word, or a topic.
    const made = question(name, { length, seed, depth })
    const unit = { 'common-words': 30, 'frequent-words': 40, topics: 160 }[name] ?? 70
    expect(made.tokens).toBe(countTokens(wordTokenizer, made.prompt))
    expect(made.tokens + task.maxNewTokens).toBeLessThanOrEqual(length)
    expect(made.tokens + task.maxNewTokens).toBeGreaterThan(length - unit)
    for (const answer of made.answers) expect(made.prompt).toContain(answer)
    expect(question(name, { length, seed, depth })).toEqual(made)
  })

  it('says when not even its shortest question fits', () =>
    expect(() => question(name, { length: 60 })).toThrow('RETRIEVAL_LENGTH'))

  it('draws by seed and trial', () => {
    expect(question(name, { seed: 1 }).answers).not.toEqual(question(name).answers)
    expect(question(name, { trial: 1 }).answers).not.toEqual(question(name).answers)
  })
})

describe('needles', () => {
  it('are asked for in the words of RULER, one or many', () => {
    const one = question('niah-single-1', { length: 330, depth: 0 })
    const [number] = one.answers
    const [, key] = /numbers for (\S+) is: /.exec(one.prompt) as RegExpExecArray
    expect(number).toMatch(/^\d{7}$/)
    expect(one.prompt.split('\n').slice(0, 2)).toEqual([
      'A special magic number is hidden within the following text. Make sure to memorize it. I will quiz you about the number afterwards.',
      `One of the special magic numbers for ${key} is: ${number}.`
    ])
    expect(one.prompt.split('\n').at(-1)).toBe(
      `What is the special magic number for ${key} mentioned in the provided text? The special magic number for ${key} mentioned in the provided text is`
    )
    const many = question('niah-multiquery')
    const keys = (/numbers for ([^?]+) mentioned/.exec(many.prompt) as RegExpExecArray)[1]
    expect(keys).toMatch(/^\S+, \S+, \S+, and \S+$/)
    expect(many.prompt).toMatch(/^Some special magic numbers are hidden within/)
    expect(many.prompt).toMatch(/The special magic numbers for .* mentioned in the provided text are$/)
    expect(many.answers).toHaveLength(4)
    for (const [i, key] of keys.split(/, (?:and )?/).entries())
      expect(many.prompt).toContain(`One of the special magic numbers for ${key} is: ${many.answers[i]}.`)
  })

  it('have the counts and kinds of RULER', () => {
    const needlesIn = (name: string) =>
      [...question(name).prompt.matchAll(/special magic (\w+) for (\S+) is: ([^.]+)\./g)].map(
        ([, type, key, value]) => ({ type, key, value })
      )
    const distinct = (values: string[]) => new Set(values).size
    expect(needlesIn('niah-single-2')).toHaveLength(1)
    expect(needlesIn('niah-single-3')[0].value).toMatch(
      /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/
    )
    expect(distinct(needlesIn('niah-multikey-1').map(({ key }) => key))).toBe(4)
    const values = needlesIn('niah-multivalue')
    expect([distinct(values.map(({ key }) => key)), distinct(values.map(({ value }) => value))]).toEqual([1, 4])
    expect(needlesIn('niah-multikey-2').length).toBeGreaterThan(50)
    expect(needlesIn('niah-multikey-3').every(({ key, type }) => type === 'uuids' && /^[\da-f-]{36}$/.test(key))).toBe(
      true
    )
  })

  test.prop([fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })], { numRuns: 20 })(
    'stand at the depth asked for, between sentences',
    depth => {
      const made = question('niah-single-2', { depth })
      const lines = made.prompt.split('\n')[1]
      const at = lines.indexOf('One of the')
      expect(made.depth).toBeCloseTo(depth, 1)
      expect(at / lines.length).toBeCloseTo(depth, 1)
      expect(lines.slice(0, at)).toMatch(/^$|[.!?] $|skip $/)
    }
  )

  it('hide in the sentences of a text, read round and round', () => {
    expect(text.sentences).toEqual([
      'Ropes are long.',
      'Tables are wide!',
      'Do windows move?',
      'They do.',
      'And chunks skip'
    ])
    expect(question('niah-multikey-1').prompt).toContain('And chunks skip Ropes are long.')
    expect(textHaystack(' \n ')).toBe(noiseText)
  })
})

it('variable-tracking is a chain of five variables in order, after a solved example', () => {
  const { prompt, answers } = question('variable-tracking', { depth: 0.1 })
  const [example, asked] = prompt.split('\n\n')
  const chain = [...asked.matchAll(/VAR (\w+) = (?:VAR )?(\w+)/g)].map(([, name, from]) => [name, from])
  const value = (/have the value (\d+)\?/.exec(asked) as RegExpExecArray)[1]
  expect(chain.map(([name]) => name)).toEqual(answers)
  expect(chain.map(([, from]) => from)).toEqual([value, ...answers.slice(0, -1)])
  expect(example).toMatch(/the variables that have the value \d+ are( [A-Z]{5}){5}$/)
})

it('common-words has ten words thirty times and others three times, fewer in short lists', () => {
  for (const [length, common, other, fewest] of [
    [8000, 30, 3, 10],
    [2000, 6, 1, 10]
  ]) {
    const { prompt, answers } = question('common-words', { length })
    const list = prompt
      .split('\n\n')[1]
      .split('\n')[1]
      .split(/\d+\. /)
      .slice(1)
      .map(word => word.trim())
    const counts = new Map<string, number>()
    for (const word of list) counts.set(word, (counts.get(word) ?? 0) + 1)
    expect(answers.map(word => counts.get(word))).toEqual(new Array(10).fill(common))
    expect([...counts].filter(([word]) => !answers.includes(word)).every(([, count]) => count === other)).toBe(true)
    expect(counts.size).toBeGreaterThanOrEqual(10 + fewest)
  }
})

it('frequent-words fall as k⁻², the first of them dots', () => {
  const { prompt, answers } = question('frequent-words', { length: 9000 })
  const counts = new Map<string, number>()
  for (const word of prompt.split('\n')[1].split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1)
  const ranked = [...counts].sort(([, a], [, b]) => b - a).map(([word]) => word)
  const dots = counts.get('...') as number
  expect(ranked.slice(0, 4)).toEqual(['...', ...answers])
  answers.forEach((word, i) => expect((counts.get(word) as number) / dots).toBeCloseTo((i + 2) ** -2, 2))
})
