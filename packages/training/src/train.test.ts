import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { example, model, newFolder, setup } from '../test/tiny-run.js'
import { initializeWeights } from './initialize.js'
import { finishTraining, train } from './train.js'

describe('train', () => {
  test('learns', async () => {
    const { losses } = await train(await setup({ steps: 60 }))
    expect(losses[0]).toBeGreaterThan(3)
    expect(losses.at(-1)).toBeLessThan(2.4)
  })

  test('gives the same bytes again, and other bytes for other weights', async () => {
    const [first, again] = [await train(await setup()), await train(await setup())]
    expect(again.weights).toEqual(first.weights)
    expect((await train(await setup({}, { weights: initializeWeights(model, { seed: 1 }) }))).weights).not.toEqual(
      first.weights
    )
  })

  test.each(['whole', 'blockwise'] as const)(
    'interrupted and resumed equals uninterrupted, to the bit, strategy %s',
    async strategy => {
      const options = { microBatch: 2, strategy }
      const whole = await train(await setup(options))
      const stateFolder = await newFolder()
      const abort = new AbortController()
      const interrupted = train(
        await setup(options, { stateFolder, signal: abort.signal, progress: ({ done }) => done === 7 && abort.abort() })
      )
      await expect(interrupted).rejects.toThrow('TRAINING_INTERRUPTED')
      const seen: [number, boolean][] = []
      const resumed = await train(
        await setup(options, {
          stateFolder,
          progress: ({ done, metrics }) => void (metrics && seen.push([done, (metrics['firstStepSeconds'] ?? 0) > 0]))
        })
      )
      expect(seen).toEqual([
        [8, true],
        [9, false],
        [10, false],
        [11, false],
        [12, false]
      ])
      expect(resumed.weights).toEqual(whole.weights)
      expect(resumed.losses).toEqual(whole.losses)
      await finishTraining(stateFolder)
      expect(await readdir(stateFolder)).toEqual([])
    }
  )

  test('says what it does: compiling, and steps', async () => {
    const said: string[] = []
    const options = { steps: 1, lora: { rank: 2, targets: ['q_proj'], seed: 0 } }
    await train(
      await setup(options, { progress: ({ task, done, total, unit }) => said.push(`${task} ${done}/${total} ${unit}`) })
    )
    const programs = [0, 1, 2].map(done => `compile ${done}/2 programs`)
    expect(said).toEqual([...programs, 'train 0/1 steps', 'train 1/1 steps'])
  })

  test('micro-batches give the gradients of the whole batch', async () => {
    const whole = await train(await setup())
    const pieces = await train(await setup({ microBatch: 1 }))
    whole.losses.forEach((loss, step) => expect(Math.abs(pieces.losses[step] - loss)).toBeLessThan(2e-4))
  })

  test('stops at a loss that is not finite and keeps the last saved state', async () => {
    const stateFolder = await newFolder()
    await expect(
      train(
        await setup(
          { steps: 40, learningRate: 1e30, warmup: 0, maxGradientNorm: 1e30, checkpointEvery: 1 },
          { stateFolder }
        )
      )
    ).rejects.toThrow('TRAINING_DIVERGED')
    expect(await readdir(stateFolder)).toEqual(['state.safetensors'])
  })

  test('removes what a process killed while saving has left, and nothing else', async () => {
    const stateFolder = await newFolder()
    for (const name of ['.state.safetensors.77.0a1b.tmp', '.best.safetensors.77.0a1b.tmp', 'tokens.tmp'])
      await writeFile(join(stateFolder, name), 'half')
    await train(await setup({ steps: 2 }, { stateFolder }))
    expect(await readdir(stateFolder)).toEqual(['tokens.tmp'])
  })

  test('refuses the state of another run', async () => {
    const abort = new AbortController()
    const stateFolder = await newFolder()
    await expect(
      train(await setup({}, { stateFolder, signal: abort.signal, progress: () => abort.abort() }))
    ).rejects.toThrow('TRAINING_INTERRUPTED')
    await expect(train(await setup({}, { stateFolder, runKey: 'other' }))).rejects.toThrow('TRAINING_STATE')
  })

  test.each([
    ['a position at the target', { positionIds: Int32Array.from({ length: 24 }, (_, t) => t + 73) }],
    ['a position twice', { positionIds: Int32Array.from({ length: 24 }, (_, t) => Math.max(1, t)) }],
    ['too few tokens', { ids: new Int32Array(23) }]
  ])('refuses %s', async (_, part) => {
    await expect(train(await setup({}, { example: index => ({ ...example(index), ...part }) }))).rejects.toThrow(
      'TRAINING_POSITIONS'
    )
  })
})
