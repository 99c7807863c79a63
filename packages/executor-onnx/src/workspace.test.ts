import { causalAttention, embedding, linearCrossEntropy, rmsNorm, rotaryHalf, swiGlu, tf, trace, type ValueSpec } from '@skipwise/runtime'
import { describe, expect, test } from 'vitest'
import { lower } from './lowering.js'
import type { OnnxNode } from './onnx-model.js'
import { inferShapes } from './onnx-shapes.js'
import { executionOrder, temporariesBySize } from './workspace.js'

const float = (...shape: number[]): ValueSpec => ({ shape, dtype: 'float32' })

describe('shapes of lowered models', () => {
  const specs = {
    ids: { shape: [8], dtype: 'int32' }, labels: { shape: [8], dtype: 'int32' }, table: float(16, 12), norm: float(12), weight: float(12, 12), gate: float(12, 12), cos: float(2, 4, 2), sin: float(2, 4, 2)
  } as const
  const model = lower(trace('loss', inputs => {
    const loss = (table: tf.Tensor, norm: tf.Tensor, weight: tf.Tensor, gate: tf.Tensor) => {
      const x = rmsNorm(embedding(table as tf.Tensor2D, inputs.ids as tf.Tensor1D), norm as tf.Tensor1D, 1e-5)
      const heads = rotaryHalf(tf.reshape(tf.matMul(x, weight as tf.Tensor2D), [2, 4, 3, 4]), inputs.cos as tf.Tensor3D, inputs.sin as tf.Tensor3D)
      const mixed = tf.reshape(causalAttention(heads, heads, heads, 0.5), [8, 12]) as tf.Tensor2D, gated = swiGlu(tf.matMul(mixed, gate as tf.Tensor2D), mixed)
      return tf.mean(linearCrossEntropy(gated, table as tf.Tensor2D, inputs.labels as tf.Tensor1D)) as tf.Scalar
    }
    const names = ['table', 'norm', 'weight', 'gate'], { value, grads } = tf.valueAndGrads(loss)(names.map(name => inputs[name]))
    return { value, ...Object.fromEntries(names.map((name, i) => [`d${name}`, grads[i]])) }
  }, specs))

  test('are inferred for every tensor, and those of outputs are the ones declared', () => {
    const shapes = inferShapes(model)
    for (const name of model.nodes.flatMap(node => node.outputs)) {
      if (name === 'conversion_end') continue
      expect(shapes.get(name)?.shape.every(size => Number.isInteger(size) && size > 0), name).toBe(true)
    }
    for (const output of model.outputs) if ('shape' in output) expect(shapes.get(output.name), output.name).toEqual({ shape: output.shape, type: output.type })
  })

  test('give a peak between the largest tensor and all tensors together', () => {
    const own = new Set(model.nodes.flatMap(node => node.outputs)), outputs = new Set(model.outputs.map(({ name }) => name))
    const sizes = [...inferShapes(model)].filter(([name]) => own.has(name) && !outputs.has(name)).map(([, { shape }]) => 4 * shape.reduce((a, b) => a * b, 1)), peak = temporariesBySize(model)
    expect(peak).toBeGreaterThan(Math.max(...sizes))
    expect(peak).toBeLessThan(sizes.reduce((a, b) => a + b))
  })
})

describe('temporaries by size', () => {
  const node = (op: string, output: string, ...inputs: string[]): OnnxNode => ({ op, inputs, outputs: [output] })
  const peak = (...nodes: OnnxNode[]) => temporariesBySize({ name: '', nodes, initializers: [], inputs: [{ name: 'x', type: 'float32', shape: [10] }], outputs: [{ name: 'y', type: 'float32', shape: [10] }] })

  test('counts what lives at one time', () => expect(peak(node('Softmax', 'a', 'x'), node('Softmax', 'b', 'a'), node('Softmax', 'y', 'b'))).toBe(80))
  test('counts what waits', () => expect(peak(node('Softmax', 'a', 'x'), node('Softmax', 'b', 'a'), node('Softmax', 'c', 'b'), node('Add', 'y', 'a', 'c'))).toBe(120))
  test('writes elementwise results in place', () => expect(peak(node('Softmax', 'a', 'x'), node('Neg', 'b', 'a'), node('Neg', 'y', 'b'))).toBe(40))
  test('counts what is alive of every size, for a piece finds no room in one of another size', () => {
    const twice: OnnxNode = { op: 'Concat', inputs: ['a', 'a'], outputs: ['b'], attributes: { axis: { int: 0 } } }
    // a is free when c is made, and too small for it
    expect(peak(node('Softmax', 'a', 'x'), twice, node('Softmax', 'c', 'b'), node('Softmax', 'y', 'c'))).toBe(40 + 2 * 80)
  })
  test('gives views no memory, and keeps what they show', () => expect(peak(node('Softmax', 'a', 'x'), node('Identity', 'b', 'a'), node('Softmax', 'c', 'x'), node('Add', 'y', 'b', 'c'))).toBe(80))
})

test('nodes run from the leaves back: the last leaf first, later inputs first', () => {
  const node = (output: string, ...inputs: string[]): OnnxNode => ({ op: 'Add', inputs, outputs: [output] })
  expect(executionOrder([node('a'), node('b'), node('c', 'a', 'b'), node('d', 'b')]).map(({ outputs }) => outputs[0])).toEqual(['b', 'd', 'a', 'c'])
})
