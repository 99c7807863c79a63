import { randomStream } from '@skipwise/core'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  causalAttention,
  chunkAttention,
  embedding,
  fusedKernels,
  layerNorm,
  linearCrossEntropy,
  rmsNorm,
  rotaryHalf,
  rotaryInterleaved,
  sizeOf,
  swiGlu,
  tanhGelu,
  tf
} from './index.js'

function normal(shape: readonly number[], index: number): tf.Tensor {
  const random = randomStream({ seed: 0, stream: 'gradients', index })
  return tf.tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
    [...shape]
  )
}

interface GradientCase {
  /** Shapes of the inputs that have a gradient. */
  readonly shapes: Readonly<Record<string, readonly number[]>>
  readonly fn: (inputs: Record<string, tf.Tensor>) => tf.Tensor
}

const attention = (
  B: number,
  T: number,
  H: number,
  K: number,
  D: number,
  {
    slopes,
    slidingWindow,
    documents,
    softCap
  }: {
    slopes?: readonly number[]
    slidingWindow?: number
    documents?: readonly number[]
    softCap?: number
  } = {}
): GradientCase => ({
  shapes: { query: [B, T, H, D], key: [B, T, K, D], value: [B, T, K, D] },
  fn: ({ query, key, value }) => {
    const bias = slopes && {
      slopes,
      positions: tf.tensor2d(
        Array.from({ length: B * T }, (_, i) => i * i),
        [B, T]
      )
    }
    return causalAttention(query as tf.Tensor4D, key as tf.Tensor4D, value as tf.Tensor4D, D ** -0.5, {
      bias,
      slidingWindow,
      softCap,
      documents: documents && tf.tensor2d([...documents], [B, T])
    })
  }
})

/** A chunk of 3 tokens behind 4 of 5 slots. */
const chunk = (
  B: number,
  H: number,
  K: number,
  D: number,
  {
    slopes,
    slidingWindow,
    documents,
    softCap
  }: {
    slopes?: readonly number[]
    slidingWindow?: number
    documents?: readonly number[]
    softCap?: number
  } = {}
): GradientCase => ({
  shapes: {
    query: [B, 3, H, D],
    key: [B, 3, K, D],
    value: [B, 3, K, D],
    pastKeys: [B, K, 5, D],
    pastValues: [B, K, 5, D]
  },
  fn: ({ query, key, value, pastKeys, pastValues }) => {
    const numbers = (of: (row: number, t: number) => number) => ({
      own: tf.tensor2d(
        Array.from({ length: 3 * B }, (_, i) => of(Math.floor(i / 3), 4 + (i % 3))),
        [B, 3]
      ),
      past: tf.tensor2d(
        Array.from({ length: 5 * B }, (_, i) => of(Math.floor(i / 5), i % 5)),
        [B, 5]
      )
    })
    return chunkAttention(
      {
        query: query as tf.Tensor4D,
        key: key as tf.Tensor4D,
        value: value as tf.Tensor4D,
        pastKeys: pastKeys as tf.Tensor4D,
        pastValues: pastValues as tf.Tensor4D,
        pastLength: tf.scalar(4, 'int32')
      },
      D ** -0.5,
      {
        slidingWindow,
        softCap,
        bias: slopes && { slopes, positions: numbers((row, t) => (row + 1) * t * t) },
        documents: documents && numbers((row, t) => documents[7 * row + t])
      }
    )
  }
})

const rotary = (rotate: typeof rotaryHalf, R: number): GradientCase => ({
  shapes: { x: [2, 3, 2, 6] },
  fn: ({ x }) =>
    rotate(x as tf.Tensor4D, normal([2, 3, R / 2], 7) as tf.Tensor3D, normal([2, 3, R / 2], 8) as tf.Tensor3D)
})

const cases: Readonly<Record<string, GradientCase>> = {
  RmsNorm: {
    shapes: { x: [3, 5], weight: [5] },
    fn: ({ x, weight }) => rmsNorm(x as tf.Tensor2D, weight as tf.Tensor1D, 1e-5)
  },
  LayerNorm: {
    shapes: { x: [3, 5], weight: [5], bias: [5] },
    fn: ({ x, weight, bias }) => layerNorm(x as tf.Tensor2D, weight as tf.Tensor1D, bias as tf.Tensor1D, 1e-5)
  },
  TanhGelu: { shapes: { x: [4, 5] }, fn: ({ x }) => tanhGelu(x) },
  RotaryHalf: rotary(rotaryHalf, 6),
  'RotaryHalf, part of the head': rotary(rotaryHalf, 4),
  RotaryInterleaved: rotary(rotaryInterleaved, 6),
  'RotaryInterleaved, part of the head': rotary(rotaryInterleaved, 4),
  SwiGlu: {
    shapes: { gate: [3, 4], up: [3, 4] },
    fn: ({ gate, up }) => swiGlu(gate as tf.Tensor2D, up as tf.Tensor2D)
  },
  'Embedding, with an id twice': {
    shapes: { weight: [5, 3] },
    fn: ({ weight }) => embedding(weight as tf.Tensor2D, tf.tensor1d([4, 0, 4, 2], 'int32'))
  },
  LinearCrossEntropy: {
    shapes: { hidden: [4, 3], weight: [6, 3] },
    fn: ({ hidden, weight }) =>
      linearCrossEntropy(hidden as tf.Tensor2D, weight as tf.Tensor2D, tf.tensor1d([5, 0, 3, 3], 'int32'))
  },
  'LinearCrossEntropy, with a bias': {
    shapes: { hidden: [4, 3], weight: [6, 3], bias: [6] },
    fn: ({ hidden, weight, bias }) =>
      linearCrossEntropy(
        hidden as tf.Tensor2D,
        weight as tf.Tensor2D,
        tf.tensor1d([5, 0, 3, 3], 'int32'),
        bias as tf.Tensor1D
      )
  },
  'LinearCrossEntropy, with a soft cap': {
    shapes: { hidden: [4, 3], weight: [6, 3], bias: [6] },
    fn: ({ hidden, weight, bias }) =>
      linearCrossEntropy(
        hidden as tf.Tensor2D,
        weight as tf.Tensor2D,
        tf.tensor1d([5, 0, 3, 3], 'int32'),
        bias as tf.Tensor1D,
        0.7
      )
  },
  'CausalAttention, with a soft cap, grouped-query, B 2': attention(2, 3, 4, 2, 2, { softCap: 0.5 }),
  'CausalAttention, with a soft cap and ALiBi': attention(1, 4, 2, 1, 2, { softCap: 0.3, slopes: [0.5, 0.1] }),
  'ChunkAttention, with a soft cap, B 2': chunk(2, 4, 2, 2, { softCap: 0.5, slidingWindow: 3 }),
  'CausalAttention, multi-head': attention(1, 4, 2, 2, 3),
  'CausalAttention, grouped-query, B 2': attention(2, 3, 4, 2, 2),
  'CausalAttention, ALiBi, grouped-query, B 2': attention(2, 3, 4, 2, 2, { slopes: [0.5, 0.25, 0.1, 0.02] }),
  'CausalAttention, in a window': attention(1, 4, 2, 1, 2, { slidingWindow: 2 }),
  'CausalAttention, documents, grouped-query, B 2': attention(2, 4, 4, 2, 2, { documents: [0, 0, 1, 1, 0, 1, 1, 2] }),
  'CausalAttention, ALiBi and documents, B 2': attention(2, 4, 2, 2, 2, {
    documents: [0, 0, 1, 1, 0, 1, 1, 2],
    slopes: [0.5, 0.25]
  }),
  'ChunkAttention, grouped-query, B 2': chunk(2, 4, 2, 2),
  'ChunkAttention, in a window': chunk(1, 2, 1, 2, { slidingWindow: 3 }),
  'ChunkAttention, ALiBi, B 2': chunk(2, 2, 2, 2, { slopes: [0.5, 0.1] }),
  'ChunkAttention, documents, B 2': chunk(2, 2, 1, 2, { documents: [0, 0, 1, 1, 1, 2, 2, 0, 0, 0, 0, 0, 0, 1] }),
  'ChunkAttention, ALiBi and documents': chunk(1, 2, 2, 2, { documents: [0, 0, 1, 1, 1, 1, 2], slopes: [0.5, 0.1] })
}

/** Steps of the five-point rule f′ ≈ Σ weight · f(x + step · h) / h, exact up to h⁴ (Abramowitz & Stegun 25.3.6). */
const H = 0.05
const stencil = [
  [-2, 1 / 12],
  [-1, -8 / 12],
  [1, 8 / 12],
  [2, -1 / 12]
] as const

/** d(Σ fn · dy) / d(input `name`), element by element, summed in float64. */
function numericGradient(
  { fn }: GradientCase,
  inputs: Record<string, tf.Tensor>,
  name: string,
  dy: Float32Array
): Float64Array {
  const x = inputs[name].dataSync().slice() as Float32Array
  const at = (index: number, shift: number): number =>
    tf.tidy(() => {
      const moved = x.slice()
      moved[index] += shift
      // What float32 keeps of the shift is what counts.
      const output = fn({ ...inputs, [name]: tf.tensor(moved, inputs[name].shape) }).dataSync() as Float32Array
      return output.reduce((sum, value, i) => sum + value * dy[i], 0)
    })
  return Float64Array.from(x, (_, index) =>
    stencil.reduce((sum, [step, weight]) => sum + (weight * at(index, step * H)) / H, 0)
  )
}

beforeAll(() => tf.setBackend('cpu'))

describe('gradients of fused kernels are the slopes of their definitions', () => {
  for (const [label, gradientCase] of Object.entries(cases)) {
    test(label, () => {
      const names = Object.keys(gradientCase.shapes)
      const inputs = Object.fromEntries(names.map((name, i) => [name, normal(gradientCase.shapes[name], i)]))
      const { shape } = gradientCase.fn(inputs)
      const dy = normal(shape, 9)
      const gradients = tf.grads((...values) =>
        gradientCase.fn(Object.fromEntries(names.map((name, i) => [name, values[i]])))
      )(
        names.map(name => inputs[name]),
        dy
      )
      names.forEach((name, i) => {
        const numeric = numericGradient(gradientCase, inputs, name, dy.dataSync() as Float32Array)
        gradients[i]
          .dataSync()
          .forEach((value, index) => expect(Math.abs(value - numeric[index]), `${name}[${index}]`).toBeLessThan(1e-3))
      })
    })
  }

  test('of every kernel that has one', () => {
    const tested = new Set(Object.keys(cases).map(label => label.split(',')[0]))
    expect(
      [...fusedKernels.values()]
        .filter(kernel => kernel.gradient !== 'none' && !tested.has(kernel.name))
        .map(kernel => kernel.name)
    ).toEqual([])
  })
})
