import { describe, expect, it } from 'vitest'
import { perplexityOf } from './tally.js'

describe('perplexityOf', () => {
  it('weighs tokens, not documents', () => {
    // 1 token at 8 nats and 3 at 0: e² and not (e⁸ + 1) / 2.
    expect(
      perplexityOf([
        { sum: 8, weight: 1 },
        { sum: 0, weight: 3 }
      ])
    ).toBeCloseTo(Math.exp(2), 12)
  })
})
