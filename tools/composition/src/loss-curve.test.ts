import { llama } from '@skipwise/arch-llama'
import type { TrainingExample } from '@skipwise/core'
import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { rotaryHalf } from '@skipwise/positional-encodings'
import { completeOptions, learningRateAt, Trainer } from '@skipwise/training'
import { expect, test } from 'vitest'
import golden from './golden/loss-curve.json' with { type: 'json' }

const { config, window: T, batch, steps, options } = golden
const model = llama().define(config)

/** The weights and examples of tools/golden/loss_curve.py: formulas, nothing drawn. */
const weights = new Map(
  model.parameters.map(({ name, shape }) => {
    const size = shape.reduce((a, b) => a * b)
    const index = golden.parameters.indexOf(name)
    return [
      name,
      Float32Array.from({ length: size }, (_, i) =>
        shape.length > 1 ? Math.sin(0.7 + 0.37 * i * i + 17 * index) / 5 : 1
      )
    ]
  })
)
function example(index: number): TrainingExample {
  const period = 3 + (index % 5)
  const first = 7 * (index % 8)
  const cut = 5 + ((11 * index) % 37)
  const skip = (13 * index) % 200
  return {
    ids: Int32Array.from({ length: T }, (_, t) => first + ((t + index) % period)),
    positionIds: Int32Array.from({ length: T }, (_, t) => (t < cut ? t : t + skip)),
    labelMask: Uint8Array.from({ length: T }, (_, t) => Number(t > 0 && t % 7 !== 3))
  }
}

test(`200 steps have the losses of ${golden.origin} within 1e-4`, async () => {
  const D = config.hidden_size / config.num_attention_heads
  const complete = completeOptions({ steps, batch, ...options })
  const trainer = await Trainer.create(
    {
      model,
      encoding: rotaryHalf(),
      executor: await openOnnxExecutor({ threads: 1 }),
      window: { original: T, target: config.max_position_embeddings },
      options: complete,
      frequencies: {
        inverseFrequencies: Float64Array.from({ length: D / 2 }, (_, i) => config.rope_theta ** ((-2 * i) / D)),
        attentionFactor: 1,
        softmaxScale: 1
      }
    },
    weights
  )
  expect(golden.losses[0] - golden.losses[steps - 1]).toBeGreaterThan(2)
  let furthest = 0
  for (let step = 0; step < steps; step++) {
    const { loss } = await trainer.gradients(Array.from({ length: batch }, (_, i) => example(step * batch + i)))
    const norm = await trainer.update(step, learningRateAt(step, complete))
    furthest = Math.max(furthest, Math.abs(loss - golden.losses[step]))
    expect(furthest, `step ${step + 1}`).toBeLessThan(1e-4)
    if (step === 0) expect(Math.abs(norm / golden.gradientNorms[0] - 1)).toBeLessThan(1e-4)
  }
  await trainer.dispose()
})
