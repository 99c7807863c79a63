import { llama } from '@skipwise/arch-llama'
import { randomStream, type TrainingExample } from '@skipwise/core'
import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { openTensorFlowExecutor, unavailableReason } from '@skipwise/executor-tensorflow'
import { rotaryHalf } from '@skipwise/positional-encodings'
import type { Executor } from '@skipwise/runtime'
import { matchers } from '@skipwise/testing'
import { completeOptions, initializeWeights, Trainer, type TrainingOptions } from '@skipwise/training'
import { describe, expect, test } from 'vitest'

expect.extend(matchers)
const V = 64
const T = 160
const window = { original: T, target: 640 }
const model = llama().define({
  model_type: 'llama',
  vocab_size: V,
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: T
})
const frequencies = {
  inverseFrequencies: Float64Array.from({ length: 4 }, (_, i) => 1e4 ** (-i / 4)),
  attentionFactor: 1,
  softmaxScale: 1
}

/** A repeating sequence with one skip in its positions. */
function example(index: number): TrainingExample {
  const random = randomStream({ seed: 7, stream: 'test', index })
  const period = random.integer(2, 7)
  const skip = random.integer(0, 480)
  const cut = random.integer(1, T - 1)
  const first = random.integer(0, V - 8)
  return {
    ids: Int32Array.from({ length: T }, (_, t) => first + (t % period)),
    positionIds: Int32Array.from({ length: T }, (_, t) => (t < cut ? t : t + skip)),
    labelMask: Uint8Array.from({ length: T }, (_, t) => Number(t > 0 && t % 7 !== 3))
  }
}

async function runSteps(
  executor: Executor,
  steps: number,
  microBatch: number,
  strategy: NonNullable<TrainingOptions['strategy']> = 'whole'
) {
  const options = completeOptions({
    strategy,
    steps,
    batch: 4,
    microBatch,
    learningRate: 3e-3,
    warmup: 0,
    weightDecay: 0.1
  })
  const trainer = await Trainer.create(
    { model, encoding: rotaryHalf(), frequencies, executor, window, options },
    initializeWeights(model, { seed: 0 })
  )
  const losses: number[] = []
  for (let step = 0; step < steps; step++) {
    losses.push((await trainer.gradients(Array.from({ length: 4 }, (_, i) => example(step * 4 + i)))).loss)
    await trainer.update(step, options.learningRate)
  }
  const weights = await trainer.weights()
  await trainer.dispose()
  await executor.dispose()
  return { losses, weights }
}

const reason = unavailableReason()
describe.skipIf(reason)(`training on TensorFlow${reason ? ` (needs it: ${reason})` : ''}`, () => {
  // Chunks of 48 do not divide 160 tokens: the last one is shorter. Two chunks of four go backward in each of SpaCO's
  // sequences.
  const strategies = [
    ['whole', 4],
    ['whole', 2],
    ['blockwise', 4],
    ['blockwise', 2],
    [{ seco: { chunk: 48 } }, 2],
    [{ spaco: { chunk: 40, chunks: 2 } }, 2]
  ] as const
  test.each(strategies)(
    '20 steps, %j, give the losses and weights of executor-onnx within 1e-4, micro-batches of %i',
    async (strategy, microBatch) => {
      const ours = await runSteps(await openTensorFlowExecutor(), 20, microBatch, strategy)
      const theirs = await runSteps(
        await openOnnxExecutor(),
        20,
        microBatch,
        typeof strategy === 'object' && 'spaco' in strategy ? strategy : 'whole'
      )
      expect(ours.losses).toBeAllclose(theirs.losses, { absolute: 1e-4, relative: 0 })
      expect(theirs.losses[19]).toBeLessThan(theirs.losses[0] - 1)
      for (const [name, numbers] of theirs.weights)
        expect(ours.weights.get(name), name).toBeAllclose(numbers, { absolute: 1e-4, relative: 0 })
    }
  )

  test('the loss curve of 200 steps in bfloat16 is that of float32 within 1 %', async () => {
    const half = await runSteps(await openTensorFlowExecutor({ dtype: 'bfloat16' }), 200, 4)
    const single = await runSteps(await openTensorFlowExecutor(), 200, 4)
    // The curve is what a reader of a loss plot sees: means of 20 steps. It is not the same run to the bit.
    const curve = (losses: readonly number[]) =>
      Array.from({ length: 10 }, (_, i) => losses.slice(20 * i, 20 * i + 20).reduce((sum, loss) => sum + loss, 0) / 20)
    expect(curve(half.losses)).toBeAllclose(curve(single.losses), { absolute: 0, relative: 0.01 })
    expect(half.losses).not.toEqual(single.losses)
    // Losses themselves are summed in float32: numbers of bfloat16 end in 16 zeros.
    expect(
      new Uint32Array(Float32Array.from(half.losses).buffer).filter(bits => (bits & 0xffff) === 0).length
    ).toBeLessThan(20)
  })
})
