import { randomStream, type TrainingExample } from '@skipwise/core'
import type { ModelDefinition, PositionalEncoding } from '@skipwise/nn'
import type { Executor } from '@skipwise/runtime'
import { decoder, linearBias, plainFrequencies, rotary } from '@skipwise/testing'
import { completeOptions, type TrainingOptions } from '../src/options.js'
import { Trainer } from '../src/trainer.js'

const V = 32
const T = 20
/** Of every test: T is divided by 4 and 5, not by 7. */
export const window = { original: T, target: 80 }
/** By their names. */
export const encodings: Readonly<Record<string, PositionalEncoding>> = {
  'rotary-half': rotary,
  'linear-bias': linearBias
}
const rotating = decoder({
  vocabSize: V,
  intermediateSize: 24,
  layers: 3,
  heads: 4,
  keyValueHeads: 2,
  maxPositionEmbeddings: T
})
/** One of every kind of positions; every architecture × executor is in tools/composition. */
export const models = {
  'positions that rotate': rotating,
  'a bias by distance': {
    ...rotating,
    positionalEncoding: 'linear-bias',
    geometry: { ...rotating.geometry, rotaryDim: 0 }
  }
} satisfies Readonly<Record<string, ModelDefinition>>

export const frequenciesOf = ({ geometry: { rotaryDim } }: ModelDefinition) => plainFrequencies(rotaryDim)

/** Weights that make everything matter: norms near 1, biases away from 0. */
export const weightsOf = ({ parameters }: ModelDefinition) =>
  new Map(
    parameters.map(({ name, shape, initializer }) => {
      const random = randomStream({ seed: 0, stream: name })
      const size = shape.reduce((a, b) => a * b, 1)
      return [name, Float32Array.from({ length: size }, () => (initializer === 'ones' ? 1 : 0) + 0.3 * random.normal())]
    })
  )

/** Ids, positions that skip once, and a mask with holes. */
export function example(index: number): TrainingExample {
  const random = randomStream({ seed: 0, stream: 'example', index })
  const skip = random.integer(0, 60)
  const cut = random.integer(1, T - 1)
  return {
    ids: Int32Array.from({ length: T }, () => random.integer(0, V - 1)),
    positionIds: Int32Array.from({ length: T }, (_, t) => (t < cut ? t : t + skip)),
    labelMask: Uint8Array.from({ length: T }, (_, t) => Number(t > 0 && t % 7 !== 3))
  }
}

/** Loss, gradients and, after two steps, weights. */
export async function compute(
  model: ModelDefinition,
  executor: Executor,
  given: Partial<TrainingOptions>,
  { packed = false, of = example } = {}
) {
  const options = completeOptions({ steps: 2, batch: 4, learningRate: 1e-2, warmup: 0, ...given })
  const trainer = await Trainer.create(
    {
      model,
      encoding: encodings[model.positionalEncoding],
      frequencies: frequenciesOf(model),
      executor,
      window,
      options,
      packed
    },
    weightsOf(model)
  )
  const examples = Array.from({ length: 4 }, (_, i) => of(i))
  const { loss } = await trainer.gradients(examples)
  const gradients = new Map([...(await trainer.readGradients())].map(([name, data]) => [name, data.slice()]))
  await trainer.update(0, 1e-2)
  await trainer.gradients(examples)
  await trainer.update(1, 1e-2)
  const weights = await trainer.weights()
  await trainer.dispose()
  return { loss, gradients, weights }
}

/** ‖a − b‖ / ‖b‖ */
export function relativeDistance(a: Float32Array, b: Float32Array): number {
  let difference = 0
  let norm = 0
  b.forEach((value, i) => {
    difference += (a[i] - value) ** 2
    norm += value ** 2
  })
  return Math.sqrt(difference / norm)
}

/** Three documents in a row, each with positions of its own. */
export function packedExample(index: number): TrainingExample {
  const { ids, labelMask } = example(index)
  const starts = [0, 6 + (index % 3), 13]
  const of = (t: number) => starts.filter(start => start <= t).length - 1
  return {
    ids,
    labelMask: labelMask.map((flag, t) => (starts.includes(t) ? 0 : flag)),
    documentIds: Int32Array.from(ids, (_, t) => of(t)),
    positionIds: Int32Array.from(ids, (_, t) => t - starts[of(t)] + (t - starts[of(t)] > 3 ? 10 : 0))
  }
}
