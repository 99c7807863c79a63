import { expect, test } from 'vitest'
import { embedding } from './kernels/embedding.js'
import { storeWeights } from './store-weights.js'
import { tf } from './tfjs.js'
import { trace } from './trace.js'

const traced = () =>
  trace(
    'product',
    ({ table, weight, ids }) => {
      const x = embedding(table as tf.Tensor2D, ids as tf.Tensor1D)
      const [dx] = tf.grads((...[y]: tf.Tensor[]) =>
        tf.sum(tf.square(tf.matMul(y as tf.Tensor2D, weight as tf.Tensor2D)))
      )([x])
      return { dx }
    },
    {
      table: { shape: [10, 64], dtype: 'float32' },
      weight: { shape: [64, 128], dtype: 'float32' },
      ids: { shape: [3], dtype: 'int32' }
    }
  )

test('every reader of a weight at rest restores it for itself, and an embedding the rows that it looks up', () => {
  const graph = storeWeights(traced(), new Map([['table', 'bfloat16'] as const, ['weight', 'int4'] as const]))
  const kernels = graph.nodes.map(({ kernel }) => kernel)
  const readers = graph.nodes.filter(({ kernel }) => kernel === 'BatchMatMul')
  expect(readers.length).toBeGreaterThan(1)
  expect(kernels.filter(kernel => kernel === 'RestoreWeight')).toHaveLength(1 + readers.length)
  expect(kernels).not.toContain('Embedding')
  // before everything else
  expect(kernels.slice(0, 2 + readers.length).sort()).toEqual([
    'GatherV2',
    ...Array.from({ length: 1 + readers.length }, () => 'RestoreWeight')
  ])
  const specOf = (name: string) => graph.values[graph.inputs[name]]
  expect(specOf('table')).toEqual({ shape: [10, 64], dtype: 'int32', codes: 'uint16' })
  expect(specOf('weight')).toEqual({ shape: [64, 64], dtype: 'int32', codes: 'uint8' })
  expect(specOf('scales:weight')).toEqual({ shape: [64, 2], dtype: 'float32' })
  const restored = graph.nodes.filter(({ kernel }) => kernel === 'RestoreWeight').map(node => node.outputs[0])
  expect(restored.map(id => graph.values[id].shape)).toEqual([[3, 64], ...readers.map(() => [64, 128])])
})

test('a graph without weights at rest stays as it is', () => {
  const graph = traced()
  expect(storeWeights(graph, new Map())).toBe(graph)
})
