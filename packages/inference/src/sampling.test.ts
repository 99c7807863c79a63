import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { createSampler, mostLikely } from './sampling.js'

const logits = Float32Array.from([0.5, 2, -1, 2, 0, -3])
const maxNewTokens = 1
const none = new Set<number>()
const probabilities = (temperature: number, keep = [0, 1, 2, 3, 4, 5]) => {
  const weights = Array.from(logits, (logit, id) => (keep.includes(id) ? Math.exp(logit / temperature) : 0))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map(weight => weight / total)
}

/** Shares of 4000 draws. */
function shares(options: object): number[] {
  const sampler = createSampler({ maxNewTokens, seed: 3, ...options })
  const counts = new Array<number>(logits.length).fill(0)
  for (let step = 0; step < 4000; step++) counts[sampler(logits, step, none)] += 1 / 4000
  return counts
}

describe('sampling', () => {
  test('takes the first of the most likely at temperature 0', () => {
    expect(mostLikely(logits)).toBe(1)
    expect(createSampler({ maxNewTokens })(logits, 0, none)).toBe(1)
  })

  test('lowers the logits of tokens that were there before, positive and negative ones', () => {
    const choose = (penalty: number, seen: number[]) =>
      createSampler({ maxNewTokens, repetitionPenalty: penalty })(logits, 0, new Set(seen))
    expect([choose(1, [1, 3]), choose(1.1, [1]), choose(3.9, [1, 3]), choose(4.1, [1, 3])]).toEqual([1, 3, 1, 0])
    // −1 · 4 falls below −3, −1 · 2 does not
    const negative = Float32Array.of(-1, -3)
    const of = (penalty: number) =>
      createSampler({ maxNewTokens, repetitionPenalty: penalty })(negative, 0, new Set([0]))
    expect([of(2), of(4)]).toEqual([0, 1])
    expect([...negative]).toEqual([-1, -3])
  })

  // Four standard deviations of a share of 4000 draws are at most 0.032.
  test.each([
    ['temperature 1', { temperature: 1 }, probabilities(1)],
    ['temperature 2.5', { temperature: 2.5 }, probabilities(2.5)],
    ['top-k 3', { temperature: 1, topK: 3 }, probabilities(1, [1, 3, 0])],
    ['top-k beyond the vocabulary', { temperature: 1, topK: 99 }, probabilities(1)],
    // the two largest have 0.8 together, the third makes it 0.89
    ['top-p 0.85', { temperature: 1, topP: 0.85 }, probabilities(1, [1, 3, 0])],
    // the largest has 0.4498 of the three, 0.414 of all
    ['top-p within top-k', { temperature: 1, topK: 3, topP: 0.44 }, probabilities(1, [1])],
    ['top-p 1', { temperature: 1, topP: 1 }, probabilities(1)]
  ])('draws with the probabilities of %s', (_, options, expected) => {
    const drawn = shares(options)
    for (const [id, share] of drawn.entries()) {
      expect(Math.abs(share - expected[id])).toBeLessThan(0.032)
      if (expected[id] === 0) expect(share).toBe(0)
    }
  })

  test.prop([
    fc.array(fc.float({ min: -30, max: 30, noNaN: true }), { minLength: 1, maxLength: 30 }),
    fc.integer({ min: 1, max: 30 }),
    fc.double({ min: 0.01, max: 1, noNaN: true }),
    fc.nat(1000)
  ])('draws a token of the k most likely, the same for the same seed and step', (values, topK, topP, seed) => {
    const row = Float32Array.from(values)
    const options = { maxNewTokens, temperature: 0.8, topK, topP, seed }
    const id = createSampler(options)(row, 7, none)
    expect(createSampler(options)(row, 7, none)).toBe(id)
    expect(row.filter(logit => logit > row[id]).length).toBeLessThan(topK)
  })
})
