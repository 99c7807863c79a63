import { expect, test } from 'vitest'
import { setup } from '../test/tiny-run.js'
import { train } from './train.js'
import { averageDecay } from './weight-average.js'

test('forgets the first weights soon, then keeps what decay says', () => {
  expect([0, 1, 90, 1e6].map(update => averageDecay(update, { decay: 0.99 }))).toEqual([0.1, 2 / 11, 91 / 100, 0.99])
})

test('the weights that a run gives are the average of those after each update', async () => {
  const ema = { decay: 0.5 }
  const options = { steps: 6, schedule: 'constant', warmup: 0, ema } as const
  const averaged = await train(await setup(options))
  const name = 'model.layers.0.mlp.up_proj.weight'
  // weights after k steps of the same run, by shorter runs: the schedule is constant
  const first = await setup({})
  let expected = Float64Array.from(first.weights.get(name) as Float32Array)
  for (let update = 0; update < 6; update++) {
    const after = (await train(await setup({ steps: update + 1, schedule: 'constant', warmup: 0 }))).weights.get(
      name
    ) as Float32Array
    const keep = averageDecay(update, ema)
    expected = expected.map((value, i) => keep * value + (1 - keep) * after[i])
  }
  averaged.weights.get(name)?.forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(1e-6))
  // and training itself is not changed by it
  expect(averaged.losses).toEqual((await train(await setup({ steps: 6, schedule: 'constant', warmup: 0 }))).losses)
})

test.each([{}, { lora: { rank: 2, targets: 'all-linear', seed: 1 } as const }])(
  'is resumed to the bit, %o',
  async more => {
    const options = { ema: { decay: 0.9 }, ...more }
    const whole = await train(await setup(options))
    const abort = new AbortController()
    const run = await setup(options, { signal: abort.signal, progress: ({ done }) => done === 7 && abort.abort() })
    await expect(train(run)).rejects.toThrow('TRAINING_INTERRUPTED')
    const { signal: _, progress: __, ...again } = run
    const resumed = await train(again)
    expect(resumed.weights).toEqual(whole.weights)
    expect(resumed.adapters).toEqual(whole.adapters)
  }
)
