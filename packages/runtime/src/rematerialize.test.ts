import { describe, expect, it } from 'vitest'
import { fusedKernels, rmsNorm, swiGlu, tf, trace, rematerialize, type Graph, type ValueSpec } from './index.js'

const f32 = (...shape: number[]): ValueSpec => ({ shape, dtype: 'float32' })
const specs = { x: f32(6, 4), scale: f32(4), gate: f32(4, 8), up: f32(4, 8), down: f32(8, 4) }

/** A feed-forward block and a norm; with gradients of everything when asked. */
const block = (gradients: boolean): Graph =>
  trace(
    'block',
    inputs => {
      const loss = (x: tf.Tensor, scale: tf.Tensor, gate: tf.Tensor, up: tf.Tensor, down: tf.Tensor) => {
        const normed = rmsNorm(x as tf.Tensor2D, scale as tf.Tensor1D, 1e-6)
        const output = tf.matMul(
          swiGlu(tf.matMul(normed, gate as tf.Tensor2D), tf.matMul(normed, up as tf.Tensor2D)),
          down as tf.Tensor2D
        )
        return tf.sum(rmsNorm(output as tf.Tensor2D, scale as tf.Tensor1D, 1e-6)) as tf.Scalar
      }
      const names = Object.keys(specs)
      const values = names.map(name => inputs[name])
      if (!gradients) return { loss: loss(...(values as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor])) }
      const { value, grads } = tf.valueAndGrads(loss as (...x: tf.Tensor[]) => tf.Scalar)(values)
      return { loss: value, ...Object.fromEntries(names.map((name, i) => [`d${name}`, grads[i]])) }
    },
    specs
  )

const kernels = (graph: Graph, kernel: string) => graph.nodes.filter(node => node.kernel === kernel)

describe('rematerialize', () => {
  it('leaves a forward pass as it is', () => {
    const graph = block(false)
    expect(rematerialize(graph)).toBe(graph)
  })

  it('gives the backward pass norms and activations of its own', () => {
    const before = block(true)
    const after = rematerialize(before)
    const begin = before.nodes.findIndex(node => fusedKernels.get(node.kernel)?.gradientOf !== undefined)
    for (const kernel of ['RmsNorm', 'SwiGlu']) {
      expect(kernels(after, kernel)).toHaveLength(kernels(before, kernel).length + 1)
      const [{ outputs }] = kernels(before, kernel)
      expect(before.nodes.slice(begin).some(node => Object.values(node.inputs).includes(outputs[0]))).toBe(true)
      expect(after.nodes.slice(begin).some(node => Object.values(node.inputs).includes(outputs[0]))).toBe(false)
    }
    expect(after.outputs).toEqual(before.outputs)
  })

  it('writes every node behind those it reads', () => {
    const graph = rematerialize(block(true))
    const known = new Set([...Object.values(graph.inputs), ...graph.constants.keys()])
    for (const node of graph.nodes) {
      for (const id of Object.values(node.inputs)) expect(known).toContain(id)
      for (const id of node.outputs) known.add(id)
    }
  })

  it('lets every copy wait for a gradient', () => {
    const before = block(true)
    const after = rematerialize(before)
    const begin = before.nodes.findIndex(node => fusedKernels.get(node.kernel)?.gradientOf !== undefined)
    const gradients = new Set(before.nodes.slice(begin).flatMap(({ outputs }) => outputs))
    const copies = after.nodes.filter(({ inputs }) => inputs.after !== undefined)
    expect(copies.map(({ kernel }) => kernel).sort()).toEqual(['RmsNorm', 'SwiGlu'])
    for (const { inputs } of copies) expect(gradients).toContain(inputs.after)
  })
})
