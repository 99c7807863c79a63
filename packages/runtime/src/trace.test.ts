import { isSkipwiseError } from '@skipwise/core'
import { describe, expect, test } from 'vitest'
import { isFusedKernel, rmsNorm, swiGlu, tf, trace, type Graph, type TensorFunction, type ValueSpec } from './index.js'

const matrix: ValueSpec = { shape: [2, 3], dtype: 'float32' }
const traceOf = (fn: TensorFunction, specs: Record<string, ValueSpec> = { x: matrix }) => trace('test', fn, specs)
const kernels = (graph: Graph) => graph.nodes.map(node => node.kernel)
const codeOf = (fn: TensorFunction) => {
  try {
    traceOf(fn)
    return undefined
  } catch (error) {
    if (isSkipwiseError(error)) return error.code
    throw error
  }
}

describe('a trace', () => {
  test('records kernels in order, with names, shapes and types, and computes nothing', () => {
    const graph = traceOf(({ x, ids }) => ({ y: tf.sum(tf.exp(x), 1, true), rows: tf.gather(x, ids as tf.Tensor1D) }), {
      x: matrix,
      ids: { shape: [4], dtype: 'int32' }
    })
    expect(graph.name).toBe('test')
    expect(kernels(graph)).toEqual(['Exp', 'Sum', 'GatherV2'])
    expect(Object.keys(graph.inputs)).toEqual(['x', 'ids'])
    expect(graph.values[graph.outputs.y]).toEqual({ shape: [2, 1], dtype: 'float32' })
    expect(graph.values[graph.outputs.rows]).toEqual({ shape: [4, 3], dtype: 'float32' })
    expect(graph.nodes[0].inputs).toEqual({ x: graph.inputs.x })
  })

  test('keeps equal constants once', () => {
    const graph = traceOf(({ x }) => ({
      y: tf.mul(tf.add(x, tf.tensor1d([1, 2, 3])), tf.tensor1d([1, 2, 3])),
      z: tf.sub(x, tf.tensor1d([1, 2, 4]))
    }))
    expect([...graph.constants.values()]).toEqual([Float32Array.of(1, 2, 3), Float32Array.of(1, 2, 4)])
  })

  test('keeps equal nodes once, and drops what no output needs', () => {
    const graph = traceOf(({ x }) => {
      tf.exp(x)
      tf.add(x, 7)
      return { y: tf.add(tf.sin(x), tf.neg(x)), z: tf.mul(tf.sin(x), 2) }
    })
    expect(kernels(graph)).toEqual(['Sin', 'Neg', 'Add', 'Multiply'])
    expect([...graph.constants.values()]).toEqual([Float32Array.of(2)])
  })

  test('passes over operations that change nothing', () => {
    const graph = traceOf(({ x }) => ({
      y: tf.neg(tf.add(tf.reshape(tf.mul(tf.clone(x), 1), [2, 3]), 0)),
      z: tf.reshape(x, [3, 2])
    }))
    expect(kernels(graph)).toEqual(['Neg', 'Reshape'])
    // a one that broadcasts is not nothing
    expect(kernels(traceOf(({ x }) => ({ y: tf.mul(x, tf.ones([4, 2, 3])) })))).toContain('Multiply')
  })

  test('sizes that tfjs infers are in the graph, for gradients too', () => {
    const six = (x: tf.Tensor) => tf.reshape(x, [-1, 3]) as tf.Tensor2D
    const pieces = (x: tf.Tensor) => [tf.slice(six(x), 1), tf.slice(six(x), [1], [-1]), tf.slice(six(x), [0, 1])]
    const graph = traceOf(
      ({ x }) => {
        const gradient = tf.grad((y: tf.Tensor) => tf.sum(tf.square(tf.slice(six(y), [0, 1], [2, 1]))))(x)
        const [last, again, right] = pieces(x)
        return { last, again, right, gradient }
      },
      { x: { shape: [6], dtype: 'float32' } }
    )
    const shapeOf = (name: string) => graph.values[graph.outputs[name]].shape
    expect(['last', 'again', 'right', 'gradient'].map(shapeOf)).toEqual([[1, 3], [1, 3], [2, 2], [6]])
    expect(graph.values.flatMap(({ shape }) => shape).every(size => size > 0)).toBe(true)
    expect(graph.nodes.filter(({ kernel }) => kernel === 'PadV2').map(({ attributes }) => attributes)).toEqual([
      {
        paddings: [
          [0, 0],
          [1, 1]
        ],
        constantValue: 0
      }
    ])
  })

  test('records a fused kernel as one node', () => {
    const graph = traceOf(({ gate, up }) => ({ y: swiGlu(gate as tf.Tensor2D, up as tf.Tensor2D) }), {
      gate: matrix,
      up: matrix
    })
    expect(kernels(graph)).toEqual(['SwiGlu'])
    expect([isFusedKernel('SwiGlu'), isFusedKernel('Exp')]).toEqual([true, false])
  })

  test('records gradients, fused ones as fused kernels', () => {
    const graph = traceOf(
      ({ x, weight }) => {
        const { value, grads } = tf.valueAndGrads(
          (x: tf.Tensor, weight: tf.Tensor) =>
            tf.sum(tf.square(rmsNorm(x as tf.Tensor2D, weight as tf.Tensor1D, 1e-6))) as tf.Scalar
        )([x, weight])
        return { value, dx: grads[0], dWeight: grads[1] }
      },
      { x: matrix, weight: { shape: [3], dtype: 'float32' } }
    )
    expect(kernels(graph)).toContain('RmsNorm')
    expect(kernels(graph).filter(kernel => kernel === 'RmsNormGrad')).toHaveLength(1)
    expect(graph.values[graph.outputs.dx]).toEqual(matrix)
    expect(graph.values[graph.outputs.dWeight].shape).toEqual([3])
  })

  test('reduces over axes, negative ones and all, as tfjs does', () => {
    for (const axis of [0, [0, 2], -1, undefined] as (number | number[] | undefined)[]) {
      for (const keepDims of [false, true]) {
        const fn: TensorFunction = ({ x }) => ({
          sum: tf.sum(x, axis, keepDims),
          max: tf.max(x, axis, keepDims),
          mean: tf.mean(x, axis, keepDims)
        })
        const graph = traceOf(fn, { x: { shape: [2, 3, 4], dtype: 'float32' } })
        const eager = fn({ x: tf.zeros([2, 3, 4]) })
        for (const [name, tensor] of Object.entries(eager))
          expect(graph.values[graph.outputs[name]].shape, `${name} over ${String(axis)}`).toEqual(tensor.shape)
      }
    }
  })

  test('refuses to read numbers, kernels it does not know, and results that are not tensors of it', () => {
    expect(codeOf(({ x }) => ({ y: tf.mul(x, x.dataSync()[0]) }))).toBe('TRACE_READ')
    expect(codeOf(({ x }) => ({ y: tf.cumsum(x) }))).toBe('TRACE_KERNEL')
    expect(codeOf(() => ({ y: 3 as never }))).toBe('TRACE_OUTPUT')
    const outside = tf.tensor1d([1, 2, 3])
    expect(codeOf(({ x }) => ({ y: tf.add(x, outside) }))).toBe('TRACE_OUTPUT')
  })

  test('leaves the backend as it was, also after an error', () => {
    const before = tf.getBackend()
    expect(codeOf(({ x }) => ({ y: tf.tensor(x.dataSync()) }))).toBe('TRACE_READ')
    expect(tf.getBackend()).toBe(before)
    expect(tf.add(1, 2).dataSync()[0]).toBe(3)
  })

  test('refuses a tensor of another trace', () => {
    let kept: tf.Tensor | undefined
    traceOf(({ x }) => ({ y: (kept = tf.keep(tf.neg(x))) }))
    expect(codeOf(({ x }) => ({ y: tf.add(x, kept as tf.Tensor) }))).toBe('TRACE_OUTPUT')
    expect(codeOf(() => ({ y: kept as tf.Tensor }))).toBe('TRACE_OUTPUT')
  })
})
