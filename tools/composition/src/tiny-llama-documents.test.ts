import { randomStream } from '@skipwise/core'
import { loadTokenizerJson } from '@skipwise/tokenizers'
import { expect, it, test } from 'vitest'
import { documentMakers } from '../../../packages/tiny-llama/scripts/documents.mjs'
import { readJsonLines } from '../../../packages/tiny-llama/scripts/paths.mjs'
import { tinyLlama } from '@skipwise/tiny-llama'

const tokenizer = await loadTokenizerJson(tinyLlama.folder)
const makers = documentMakers(
  tokenizer,
  readJsonLines(tinyLlama.heldOut).map(({ text }) => text.slice(0, 8000))
)
const draw = (make: (random: ReturnType<typeof randomStream>) => string, count: number) =>
  Array.from({ length: count }, (_, index) => make(randomStream({ seed: 1, stream: 'test', index })))
const tokensOf = (text: string) => 1 + tokenizer.encode(text).length

test.each([
  [32, 30, 3, 6, 0.15],
  [256, Infinity, 8, 40, 0.1]
])(
  'a chain of %i tokens goes on, but for jumps, as it did after the same token before',
  (tokens, alphabet, fewest, most, jump) => {
    let asBefore = 0
    let again = 0
    for (const text of draw(makers.chain(tokens, { alphabet, fewest, most, jump }), 20)) {
      expect(tokensOf(text)).toBe(tokens)
      const ids = tokenizer.encode(text)
      const followers = new Map<number, Map<number, number>>()
      expect(new Set(ids).size).toBeLessThanOrEqual(most)
      for (let t = 1; t < ids.length; t++) {
        const seen = followers.get(ids[t - 1]) ?? new Map<number, number>()
        if (seen.size) {
          again++
          if (seen.get(ids[t]) === Math.max(...seen.values())) asBefore++
        }
        followers.set(ids[t - 1], seen.set(ids[t], (seen.get(ids[t]) ?? 0) + 1))
      }
    }
    expect(asBefore / again).toBeGreaterThan(1 - 2.5 * jump)
  }
)

it('facts keep their keys', () => {
  for (const text of draw(makers.facts(256), 30)) {
    expect(tokensOf(text)).toBe(256)
    const keys = new Map<string, string>()
    const facts = [...text.matchAll(/^The ([a-z]+) key is (\d{5})\.$/gm)]
    expect(facts.length).toBeGreaterThan(8)
    for (const [, name, key] of facts) {
      expect(keys.get(name) ?? key).toBe(key)
      keys.set(name, key)
    }
    expect(keys.size).toBeLessThan(8)
  }
})

it('passkey documents answer with their key, at any depth, with different noise', () => {
  const documents = draw(makers.passkey(256), 60)
  const places = documents.map(text => {
    expect(tokensOf(text)).toBe(256)
    const key = /\nThe pass key is (\d{5})\. Remember it\. \1 is the pass key\.\n/.exec(text)?.[1]
    const answers = [...text.matchAll(/\nWhat is the pass key\? The pass key is (\d{5})\./g)].map(
      ([, answer]) => answer
    )
    expect(answers.length).toBeGreaterThan(0)
    expect(new Set(answers)).toEqual(new Set([key]))
    return tokenizer.encode(text.slice(0, text.indexOf('\nThe pass key is'))).length
  })
  expect(Math.min(...places)).toBeLessThan(60)
  expect(Math.max(...places)).toBeGreaterThan(150)
  const share = (condition: (text: string) => boolean) => documents.filter(condition).length / documents.length
  expect(share(text => /pass key is \d{5}\.\n?$/.test(text))).toBeGreaterThan(0.3)
  expect(share(text => text.includes('The grass is green'))).toBeGreaterThan(0.4)
  expect(share(text => (text.match(/What is the pass key/g)?.length ?? 0) > 1)).toBeGreaterThan(0.1)
})

it('a document depends on its number alone', () => {
  const make = makers.passkey(256)
  const at = (index: number) => make(randomStream({ seed: 1, stream: 'test', index }))
  const [fifth, third] = [at(5), at(3)]
  expect([at(3), at(5)]).toEqual([third, fifth])
})
