import { describe, expect, test } from 'vitest'
import { example, setup } from '../test/tiny-run.js'
import { spikeOf, type GuardOptions } from './guard.js'
import type { TrainingOptions } from './options.js'
import { loadState, stateTensors } from './state.js'
import { train } from './train.js'
import type { TrainSetup } from './training-run.js'
import { trainedParameters } from './trained-parameters.js'

describe('a spike', () => {
  const history = { losses: [2, 2.2, 1.8, 2, Number.NaN], gradientNorms: [1, 1, 3, 1, 1] }
  test.each<[string, number, number, GuardOptions, RegExp | undefined]>([
    ['a usual step', 2.5, 1.5, { loss: 1.5, gradientNorm: 2, steps: 8 }, undefined],
    [
      'a loss above its factor of the median',
      3.1,
      1,
      { loss: 1.5, steps: 8 },
      /the loss is 3\.100, more than 1\.5 times the median of 2\.000/
    ],
    ['a loss at its factor', 3, 1, { loss: 1.5, steps: 8 }, undefined],
    ['a norm above its factor', 2, 2.5, { gradientNorm: 2, steps: 8 }, /the gradient norm is 2\.500/],
    ['a norm without a factor', 2, 99, { loss: 9 }, undefined],
    ['too few steps to judge by', 99, 99, { loss: 1.5, gradientNorm: 2, steps: 100 }, undefined],
    ['a loss that is not a number, at any time', Number.NaN, 1, { steps: 100 }, /the loss is NaN/],
    ['an infinite norm', 2, Infinity, {}, /the gradient norm is Infinity/]
  ])('%s', (_, loss, gradientNorm, guard, expected) => {
    const spike = spikeOf({ loss, gradientNorm }, history, guard)
    if (expected) expect(spike).toMatch(expected)
    else expect(spike).toBeUndefined()
  })
})

/**
 * The same four examples again and again, and random tokens in step 8: a model that has learned the former is
 * surprised.
 */
const surprising: Pick<TrainSetup, 'example'> = {
  example: index =>
    Math.floor(index / 4) === 7
      ? { ...example(index), ids: Int32Array.from({ length: 24 }, (_, t) => (t * t * 7 + index * 11) % 32) }
      : example(index % 4)
}
const guard: GuardOptions = { loss: 1.25, steps: 8 }
const options = { steps: 14, learningRate: 2e-2, checkpointEvery: 5 }

/** Name and width of the table of token embeddings, the first parameter. */
const embeddingOf = ({
  model: {
    parameters: [{ name, shape }]
  }
}: TrainSetup) => [name, { width: shape[1] as number }] as const

describe('a guard', () => {
  test('stops before the step that spikes, with the state before it saved', async () => {
    const run = await setup({ ...options, guard }, surprising)
    await expect(train(run)).rejects.toThrow(/^TRAINING_SPIKE: at step 8 the loss is /)
    expect(
      (await loadState(run.stateFolder, 'test', stateTensors(trainedParameters(run.model, {}).trained)))?.step
    ).toBe(7)
    // a run with a guard that lets it pass is another decision, not another run
    expect((await train({ ...run, options: { ...run.options, guard: { ...guard, action: 'skip' } } })).skipped).toBe(1)
  })

  test('leaves the update of that step out, and goes on as if it had not been there', async () => {
    const { skipped, losses } = await train(
      await setup({ ...options, guard: { ...guard, action: 'skip' } }, surprising)
    )
    const unguarded = await train(await setup(options, surprising))
    expect(skipped).toBe(1)
    expect(losses).toHaveLength(14)
    expect(losses.slice(0, 8)).toEqual(unguarded.losses.slice(0, 8))
    expect(losses[8]).not.toBe(unguarded.losses[8])
  })

  test('changes nothing where there is no spike', async () => {
    const guarded = await train(await setup({ ...options, guard: { loss: 10, gradientNorm: 100, action: 'skip' } }))
    const plain = await train(await setup(options))
    expect([guarded.skipped, guarded.weights, guarded.losses]).toEqual([0, plain.weights, plain.losses])
  })

  test('skips the same steps when the run is interrupted after one', async () => {
    const skipping = { ...options, guard: { ...guard, action: 'skip' as const } }
    const whole = await train(await setup(skipping, surprising))
    const abort = new AbortController()
    const run = await setup(skipping, {
      ...surprising,
      signal: abort.signal,
      progress: ({ done }) => done === 9 && abort.abort()
    })
    await expect(train(run)).rejects.toThrow('TRAINING_INTERRUPTED')
    const { signal: _, progress: __, ...again } = run
    const resumed = await train(again)
    expect([resumed.skipped, resumed.weights, resumed.losses]).toEqual([1, whole.weights, whole.losses])
  })

  test.each<[string, Partial<TrainingOptions>]>([
    ['micro-batches', { microBatch: 2 }],
    ['layer by layer', { strategy: 'blockwise' }],
    ['chunk by chunk', { strategy: { seco: { chunk: 8 } } }]
  ])('is rid of gradients that are no numbers once their step is left out, %s', async (_, how) => {
    // token 31 is in no usual example
    const broken: Pick<TrainSetup, 'example'> = {
      example: index =>
        Math.floor(index / 4) === 7 ? { ...example(index), ids: new Int32Array(24).fill(31) } : example(index % 4)
    }
    const run = await setup({ ...options, ...how, guard: { action: 'skip' } }, broken)
    const weights = new Map(run.weights)
    const [name, { width }] = embeddingOf(run)
    weights.set(name, Float32Array.from(weights.get(name) as Float32Array).fill(Number.NaN, 31 * width, 32 * width))
    const { skipped, losses } = await train({ ...run, weights })
    expect(skipped).toBe(1)
    expect(losses.map(Number.isFinite)).toEqual(losses.map((_, step) => step !== 7))
  })

  test('stops after too many steps left out in a row', async () => {
    const hopeless = await setup({ ...options, guard: { loss: 1e-9, steps: 8, action: 'skip', patience: 3 } })
    await expect(train(hopeless)).rejects.toThrow('TRAINING_SPIKE: at step 5 ')
  })
})
