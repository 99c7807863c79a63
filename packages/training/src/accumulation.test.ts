import type { TrainingExample } from '@skipwise/core'
import { openInterpreter } from '@skipwise/runtime'
import { rotary } from '@skipwise/testing'
import { expect, test } from 'vitest'
import { example, frequencies, model, window } from '../test/tiny-run.js'
import { initializeWeights } from './initialize.js'
import { completeOptions } from './options.js'
import { Trainer } from './trainer.js'

/**
 * Examples with very different numbers of labels: a mean of means would weigh the labels of the sparse ones too much.
 */
const examples = [1, 23, 4, 0, 9, 17].map((labels, index): TrainingExample => ({
  ...example(index),
  labelMask: Uint8Array.from({ length: 24 }, (_, t) => Number(t > 0 && t <= labels))
}))

async function gradientsOf(microBatch: number, strategy: 'whole' | 'blockwise') {
  const executor = await openInterpreter()
  const options = completeOptions({ steps: 1, batch: 6, microBatch, learningRate: 1, strategy })
  const trainer = await Trainer.create(
    { model, encoding: rotary, frequencies, executor, window, options },
    initializeWeights(model, { seed: 0 })
  )
  const { loss } = await trainer.gradients(examples)
  const gradients = await trainer.readGradients()
  await trainer.dispose()
  return { loss, gradients }
}

test.each([
  [1, 'whole'],
  [2, 'whole'],
  [3, 'whole'],
  [1, 'blockwise'],
  [3, 'blockwise']
] as const)(
  'micro-batches of %i give loss and gradients of the whole batch within 1e-6, strategy %s',
  async (microBatch, strategy) => {
    const whole = await gradientsOf(6, 'whole')
    const pieces = await gradientsOf(microBatch, strategy)
    expect(Math.abs(pieces.loss - whole.loss)).toBeLessThan(1e-6)
    for (const [name, gradient] of whole.gradients)
      gradient.forEach((value, i) =>
        expect(Math.abs(value - (pieces.gradients.get(name) as Float32Array)[i]), name).toBeLessThan(1e-6)
      )
  }
)

test('labels that the mask leaves out have no part in the gradients', async () => {
  const executor = await openInterpreter()
  const options = completeOptions({ steps: 1, batch: 1, learningRate: 1 })
  const trainer = await Trainer.create(
    { model, encoding: rotary, frequencies, executor, window, options },
    initializeWeights(model, { seed: 0 })
  )
  const masked = { ...example(0), labelMask: Uint8Array.from({ length: 24 }, (_, t) => Number(t > 0 && t < 12)) }
  const other = { ...masked, ids: masked.ids.map((id, t) => (t >= 12 ? (id + 1) % 32 : id)) }
  const gradients = []
  // the last labels differ, the first twelve do not see them
  for (const one of [masked, other])
    gradients.push([
      (await trainer.gradients([one])).loss,
      (await trainer.readGradients()).get('lm_head.weight')?.slice()
    ])
  expect(gradients[0]).toEqual(gradients[1])
  await trainer.dispose()
})

test('a batch in which no label counts has no loss and no gradient', async () => {
  const executor = await openInterpreter()
  const options = completeOptions({ steps: 1, batch: 1, learningRate: 1 })
  const trainer = await Trainer.create(
    { model, encoding: rotary, frequencies, executor, window, options },
    initializeWeights(model, { seed: 0 })
  )
  expect(await trainer.gradients([{ ...example(0), labelMask: new Uint8Array(24) }])).toEqual({ loss: 0 })
  for (const [name, gradient] of await trainer.readGradients())
    expect(
      gradient.every(value => value === 0),
      name
    ).toBe(true)
  await trainer.dispose()
})
