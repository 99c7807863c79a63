import { openInterpreter } from '@skipwise/runtime'
import { describe, expect, test } from 'vitest'
import { compute, models, relativeDistance } from '../../test/strategy-parts.js'
import type { LoraOptions } from '../lora.js'
import { gradientName } from '../loss-program.js'
import type { TrainingOptions } from '../options.js'

const lora: LoraOptions = { rank: 2, alpha: 6, targets: ['q_proj', 'down_proj'], alsoTrain: ['norm'], seed: 0 }
describe.each<[string, Partial<TrainingOptions>]>([
  ['adapters', { lora }],
  ['adapters of all matrices', { lora: { rank: 3, targets: 'all-linear', seed: 0 } }],
  ['a frozen embedding and first layer', { freeze: ['model.embed_tokens.*', 'model.layers.0.*'] }],
  ['all but the embedding frozen', { freeze: ['model.layers.*', 'model.norm.*', 'lm_head.*'] }],
  ['all but the output layer frozen', { freeze: ['model.*'] }]
])('block by block, %s', (_, options) => {
  test('has the gradients of the whole program, also in micro-batches', async () => {
    const executor = await openInterpreter()
    for (const microBatch of [4, 2]) {
      const whole = await compute(models['positions that rotate'], executor, { microBatch, ...options })
      const blockwise = await compute(models['positions that rotate'], executor, {
        microBatch,
        ...options,
        strategy: 'blockwise'
      })
      expect([...blockwise.gradients.keys()]).toEqual([...whole.gradients.keys()])
      for (const [name, gradient] of whole.gradients) {
        // the gradient of A is zero while B is
        if (gradient.some(value => value !== 0))
          expect(relativeDistance(blockwise.gradients.get(name) as Float32Array, gradient), name).toBeLessThan(1e-6)
      }
      for (const [name, weight] of whole.weights)
        expect(
          relativeDistance(blockwise.weights.get(name) as Float32Array, weight),
          `${name} after two steps`
        ).toBeLessThan(1e-4)
    }
    await executor.dispose()
  })
})

describe.each(Object.entries(models))('block by block, %s', (_, model) => {
  test('has the gradients of the whole program, also in micro-batches', async () => {
    const executor = await openInterpreter()
    for (const microBatch of [4, 2]) {
      const whole = await compute(model, executor, { microBatch })
      const blockwise = await compute(model, executor, { microBatch, strategy: 'blockwise' })
      expect(Math.abs(blockwise.loss - whole.loss)).toBeLessThan(1e-6 * whole.loss)
      for (const { name } of model.parameters) {
        expect(
          relativeDistance(
            blockwise.gradients.get(gradientName(name)) as Float32Array,
            whole.gradients.get(gradientName(name)) as Float32Array
          ),
          name
        ).toBeLessThan(1e-6)
        expect(
          relativeDistance(blockwise.weights.get(name) as Float32Array, whole.weights.get(name) as Float32Array),
          `${name} after two steps`
        ).toBeLessThan(1e-4)
      }
    }
    await executor.dispose()
  })
})
