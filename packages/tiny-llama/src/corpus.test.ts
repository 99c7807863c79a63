import { expect, it } from 'vitest'
import { cleanText, isUseful, readCorpus } from '../scripts/collect-text.mjs'
import { readJsonLines } from '../scripts/paths.mjs'
import { tinyLlama } from './index.js'

it('the installed packages give the corpus of corpus.json, and the held-out documents of data/', () => {
  // throws when the digest differs
  const { training, heldOut } = readCorpus()
  expect(heldOut).toEqual(readJsonLines(tinyLlama.heldOut))
  const texts = new Set(training.map(({ text }) => text))
  expect(texts.size).toBe(training.length)
  expect(heldOut.filter(({ text }) => texts.has(text))).toEqual([])
})

it('cleans a text', () => {
  expect(cleanText('\uFEFF/**\n * @license\n * Copyright\n */\n\nexport {}\r\n\r\n')).toBe('export {}\n')
  const long = cleanText('0123456789\n'.repeat(40_000))
  expect(long.length).toBeLessThanOrEqual(300_000)
  expect(long.endsWith('9\n')).toBe(true)
})

it('leaves out what nobody wrote to be read', () => {
  const prose = 'A line that somebody wrote, about as long as lines are.\n'.repeat(40)
  expect(isUseful(prose)).toBe(true)
  expect(isUseful(prose.slice(0, 1000))).toBe(false)
  expect(isUseful(prose + 'x'.repeat(5000))).toBe(false)
  expect(isUseful(`${'y'.repeat(400)}\n`.repeat(9))).toBe(false)
  expect(isUseful(prose.replaceAll('a', 'ä'))).toBe(false)
})
