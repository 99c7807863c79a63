import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { completeOptions, learningRateAt } from './options.js'

const base = { steps: 100, batch: 1, learningRate: 2e-5 }

describe('learningRateAt', () => {
  test('is the schedule of the paper by default: ten warm-up steps, then a line to zero', () => {
    const options = completeOptions(base)
    expect(learningRateAt(0, options)).toBeCloseTo(2e-6, 12)
    expect(learningRateAt(9, options)).toBeCloseTo(2e-5, 12)
    expect(learningRateAt(10, options)).toBeCloseTo(2e-5, 12)
    expect(learningRateAt(55, options)).toBeCloseTo(1e-5, 12)
    expect(learningRateAt(99, options)).toBeCloseTo(2e-5 / 90, 12)
  })

  test.prop([
    fc.constantFrom('linear' as const, 'cosine' as const, 'constant' as const),
    fc.integer({ min: 0, max: 50 }),
    fc.double({ min: 0, max: 1, noNaN: true })
  ])('rises, then never rises again and stays between its ends', (schedule, warmup, finalLearningRate) => {
    const options = completeOptions({ ...base, schedule, warmup, finalLearningRate })
    const rates = Array.from({ length: 100 }, (_, step) => learningRateAt(step, options))
    rates.forEach((rate, step) => {
      expect(rate).toBeGreaterThan(-1e-18)
      expect(rate).toBeLessThanOrEqual(base.learningRate * (1 + 1e-12))
      if (step > 0 && step < warmup) expect(rate).toBeGreaterThan(rates[step - 1])
      if (step > warmup) expect(rate).toBeLessThanOrEqual(rates[step - 1] * (1 + 1e-12))
    })
  })

  test('refuses options that cannot be run', () => {
    expect(() => completeOptions({ ...base, steps: 0 })).toThrow('TRAINING_OPTIONS')
    expect(() => completeOptions({ ...base, steps: 1e15 })).toThrow(/^TRAINING_OPTIONS.*examples/)
    expect(() => completeOptions({ ...base, batch: 1e9 })).toThrow(/^TRAINING_OPTIONS.*batch is 1000000000/)
    expect(() => completeOptions({ ...base, batch: 4, microBatch: 3 })).toThrow('TRAINING_OPTIONS')
    expect(() => completeOptions({ ...base, learningRate: 0 })).toThrow('TRAINING_OPTIONS')
  })
})
