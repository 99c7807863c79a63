import { byteTokenizer } from '@skipwise/testing'
import { describe, expect, it } from 'vitest'
import { effectiveLength } from './results.js'
import { readAnswer, recall } from './prompts.js'

describe('recall', () => {
  it.each([
    ['The numbers are 12 and 34.', ['12', '34'], 1],
    ['12', ['12', '34'], 0.5],
    ['  ABCDE\u0000', ['abcde'], 1],
    ['a\u0007b', ['ab'], 0],
    ['', ['x'], 0],
    // Recall only, as RULER's: an answer that says everything is right.
    ['1 2 3 4 5 6 7 8 9', ['3'], 1]
  ])('of %j for %j is %d', (text, references, score) => expect(recall(text, references)).toBe(score))
})

it('readAnswer stops once nothing more can be found', async () => {
  let taken = 0
  const { encode } = byteTokenizer()
  async function* saying(text: string) {
    for (const id of encode(text)) {
      taken++
      yield id
    }
  }
  expect(await readAnswer(saying('it is 7 and 8, and more'), ['8', '7'], byteTokenizer())).toEqual({
    text: 'it is 7 and 8',
    score: 1
  })
  expect(taken).toBe('it is 7 and 8'.length)
  expect(await readAnswer(saying('no'), ['8', '7'], byteTokenizer())).toEqual({ text: 'no', score: 0 })
})

it('effectiveLength is the longest length at the threshold or above it', () => {
  const scores: [number, number][] = [
    [4096, 0.96],
    [8192, 0.856],
    [16384, 0.8559],
    [32768, 0.2]
  ]
  expect(effectiveLength(scores, 85.6)).toBe(8192)
  expect(effectiveLength(scores, 99)).toBe(0)
  expect(effectiveLength([...scores, [65536, 0.9]], 85.6)).toBe(65536)
})
