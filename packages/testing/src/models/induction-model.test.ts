import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { byteTokenizer } from './byte-tokenizer.js'
import { inductionModel } from './induction-model.js'

const { encode, decode } = byteTokenizer()
const ids = fc.array(fc.integer({ min: 97, max: 100 }), { minLength: 1, maxLength: 30 })

describe('inductionModel', () => {
  test.prop([ids])('gives probabilities that sum to one', async context => {
    const model = inductionModel({ window: 20 })
    let sum = 0
    for (let v = 0; v < model.vocabSize; v++)
      sum += Math.exp((await model.score(Int32Array.of(...context, v))).at(-1) as number)
    expect(sum).toBeCloseTo(1, 12)
  })

  test.prop([ids, fc.nat({ max: 29 })])('scores the same from any element on', async (context, from) => {
    const sequence = Int32Array.of(...context, 97)
    const all = await inductionModel().score(sequence)
    expect(await inductionModel().score(sequence, { from })).toEqual(all.map((value, t) => (t < from ? 0 : value)))
  })

  it('copies what followed inside its window, and not beyond', async () => {
    const generated = async (window: number) => {
      const taken: number[] = []
      for await (const id of inductionModel({ window }).generate(encode('key 71432. some noise. key '), {
        maxNewTokens: 6
      }))
        taken.push(id)
      return decode(taken)
    }
    expect(await generated(100)).toBe('71432.')
    expect(await generated(10)).not.toBe('71432.')
  })
})

test.prop([fc.string({ unit: 'grapheme' })])('byteTokenizer gives back what it was given', text => {
  expect(decode([256, ...encode(text), 257])).toBe(text)
})
