import { llama } from '@skipwise/arch-llama'
import { randomStream, type PositionedExample } from '@skipwise/core'
import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { rotaryHalf } from '@skipwise/positional-encodings'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { initializeWeights } from './initialize.js'
import { finishTraining, train, type TrainSetup } from './train.js'

const V = 32, window = { original: 24, target: 96 }
const model = llama.create({}).define({
  model_type: 'llama', vocab_size: V, hidden_size: 16, intermediate_size: 32, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1, max_position_embeddings: 24
})
const frequencies = { inverseFrequencies: Float64Array.from({ length: 4 }, (_, i) => 1e4 ** (-i / 4)), attentionFactor: 1, softmaxScale: 1 }

/** A repeating sequence, so that there is something to learn, with one skip. */
function example(index: number): PositionedExample {
  const random = randomStream({ seed: 7, stream: 'test', index }), period = random.integer(2, 5), skip = random.integer(0, 72), cut = random.integer(1, 23), first = random.integer(0, V - 6)
  return {
    ids: Int32Array.from({ length: 24 }, (_, t) => first + (t % period)),
    positionIds: Int32Array.from({ length: 24 }, (_, t) => (t < cut ? t : t + skip)),
    labelMask: Uint8Array.from({ length: 24 }, (_, t) => Number(t > 0 && t % 7 !== 3))
  }
}

let root: string, stateFolder: string
const newFolder = () => mkdtemp(join(root, 'state-'))
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'skipwise-train-'))
  stateFolder = await newFolder()
})
afterEach(() => rm(root, { recursive: true, force: true }))

const setup = async (changes: Partial<TrainSetup> = {}): Promise<TrainSetup> => ({
  model, encoding: rotaryHalf.create({}), frequencies, executor: await openOnnxExecutor({ threads: 1 }), window, example, stateFolder, runKey: 'test',
  weights: initializeWeights(model, { seed: 0 }), options: { steps: 12, batch: 4, learningRate: 1e-2, warmup: 2, checkpointEvery: 5 }, ...changes
})

describe('train', () => {
  test('learns', async () => {
    const { losses } = await train(await setup({ options: { steps: 60, batch: 4, learningRate: 1e-2, warmup: 2 } }))
    expect(losses[0]).toBeGreaterThan(3)
    expect(losses.at(-1)).toBeLessThan(2.4)
  })

  test('gives the same bytes again, and other bytes for other weights', async () => {
    const [first, again] = [await train(await setup()), await train(await setup({ stateFolder: await newFolder() }))]
    expect(again.weights).toEqual(first.weights)
    expect((await train(await setup({ stateFolder: await newFolder(), weights: initializeWeights(model, { seed: 1 }) }))).weights).not.toEqual(first.weights)
  })

  test.each(['whole', 'blockwise'] as const)('interrupted and resumed equals uninterrupted, to the bit, strategy %s', async strategy => {
    const options = { steps: 12, batch: 4, microBatch: 2, learningRate: 1e-2, warmup: 2, checkpointEvery: 5, strategy }
    const whole = await train(await setup({ stateFolder: await newFolder(), options }))
    const abort = new AbortController()
    const interrupted = train(await setup({ options, signal: abort.signal, progress: ({ done }) => done === 7 && abort.abort() }))
    await expect(interrupted).rejects.toThrow('TRAINING_INTERRUPTED')
    const seen: number[] = []
    const resumed = await train(await setup({ options, progress: ({ done }) => void seen.push(done) }))
    expect(seen).toEqual([8, 9, 10, 11, 12])
    expect(resumed.weights).toEqual(whole.weights)
    expect(resumed.losses).toEqual(whole.losses)
    await finishTraining(stateFolder)
    expect(await readdir(stateFolder)).toEqual([])
  })

  test('micro-batches give the gradients of the whole batch', async () => {
    const whole = await train(await setup()), pieces = await train(await setup({ stateFolder: await newFolder(), options: { steps: 12, batch: 4, microBatch: 1, learningRate: 1e-2, warmup: 2 } }))
    whole.losses.forEach((loss, step) => expect(Math.abs(pieces.losses[step] - loss)).toBeLessThan(2e-4))
  })

  test('stops at a loss that is not finite and keeps the last saved state', async () => {
    await expect(train(await setup({ options: { steps: 40, batch: 4, learningRate: 1e30, warmup: 0, maxGradientNorm: 1e30, checkpointEvery: 1 } }))).rejects.toThrow('TRAINING_DIVERGED')
    expect(await readdir(stateFolder)).toEqual(['state.safetensors'])
  })

  test('refuses the state of another run', async () => {
    const abort = new AbortController()
    await expect(train(await setup({ signal: abort.signal, progress: () => abort.abort() }))).rejects.toThrow('TRAINING_INTERRUPTED')
    await expect(train(await setup({ runKey: 'other' }))).rejects.toThrow('TRAINING_STATE')
  })

  test.each([
    ['a position at the target', { positionIds: Int32Array.from({ length: 24 }, (_, t) => t + 73) }],
    ['a position twice', { positionIds: Int32Array.from({ length: 24 }, (_, t) => Math.max(1, t)) }],
    ['too few tokens', { ids: new Int32Array(23) }]
  ])('refuses %s', async (_, part) => {
    await expect(train(await setup({ example: index => ({ ...example(index), ...part }) }))).rejects.toThrow('TRAINING_POSITIONS')
  })
})
