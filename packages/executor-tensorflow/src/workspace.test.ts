import { causalAttention, linearCrossEntropy, storeWeights, tf, trace, type Graph } from '@skipwise/runtime'
import { expect, test } from 'vitest'
import { attentionLayers, H } from '../test/peak-memory.js'
import { workspaceBytes } from './workspace.js'

const T = 2048
const probabilities = 2 * H * T * T
const hidden = 4 * T * H * 64
const growth = (few: Graph, many: Graph, layers: number, products: Parameters<typeof workspaceBytes>[1] = 'float32') =>
  (workspaceBytes(many, products) - workspaceBytes(few, products)) / layers

test('a layer of attention adds its probabilities while they are kept, and hidden states alone after that', () => {
  const [two, four, eight] = [2, 4, 8].map(layers => attentionLayers(T, layers))
  expect(growth(two, four, 2)).toBe(probabilities + hidden)
  expect(growth(two, four, 2, 'bfloat16')).toBe(probabilities / 2 + hidden)
  expect(growth(two, four, 2, 'rounded')).toBe(hidden)
  expect(growth(four, eight, 4)).toBe(hidden)
})

test('without a gradient nothing is kept, and with a window there are no wide masks', () => {
  const forward = (slidingWindow?: number) =>
    trace(
      'forward',
      ({ x }) => ({
        y: causalAttention(
          x as tf.Tensor4D,
          x as tf.Tensor4D,
          x as tf.Tensor4D,
          0.1,
          slidingWindow === undefined ? {} : { slidingWindow }
        )
      }),
      { x: { shape: [1, T, H, 64], dtype: 'float32' } }
    )
  // two arrays of the last block's scores, and the masks of seven blocks of 256 rows
  expect(workspaceBytes(forward(), 'float32')).toBe(2 * 4 * H * 256 * T + 4 * 256 * 256 * (2 + 3 + 4 + 5 + 6 + 7 + 8))
  expect(workspaceBytes(forward(100), 'float32')).toBe(2 * 4 * H * 256 * (256 + 99))
})

test('logits count by pieces, and while their gradients are kept', () => {
  const V = 1024
  const loss = (N: number) =>
    trace(
      'loss',
      ({ x, weight, labels }) => ({
        loss: linearCrossEntropy(x as tf.Tensor2D, weight as tf.Tensor2D, labels as tf.Tensor1D)
      }),
      {
        x: { shape: [N, 8], dtype: 'float32' },
        weight: { shape: [V, 8], dtype: 'float32' },
        labels: { shape: [N], dtype: 'int32' }
      }
    )
  expect(workspaceBytes(loss(1024), 'float32')).toBe(12 * 1024 * V)
  expect(workspaceBytes(loss(2 ** 14), 'float32')).toBe(8 * 2 ** 22 + 4 * 2 ** 14 * V)
  expect(workspaceBytes(loss(2 ** 15), 'float32')).toBe(8 * 2 ** 22)
})

test('a weight at rest counts while one reader has it, and not at all where products read it as it is', () => {
  const [N, d] = [8, 512]
  const spec = { shape: [d, d], dtype: 'float32' } as const
  const plain = trace(
    'products',
    ({ x, v, w }) => ({
      y: tf.matMul(tf.matMul(x as tf.Tensor2D, v as tf.Tensor2D), w as tf.Tensor2D)
    }),
    { x: { shape: [N, d], dtype: 'float32' }, v: spec, w: spec }
  )
  const between = 4 * N * d
  expect(workspaceBytes(plain, 'float32')).toBe(between)
  const stored = storeWeights(plain, new Map([['v', 'bfloat16'] as const, ['w', 'bfloat16'] as const]))
  expect(workspaceBytes(stored, 'float32')).toBe(between + 4 * d * d)
  expect(workspaceBytes(stored, 'bfloat16')).toBe(between)
  const int8 = storeWeights(plain, new Map([['w', 'int8'] as const]))
  expect(workspaceBytes(int8, 'bfloat16')).toBe(between + 4 * d * d)
})
