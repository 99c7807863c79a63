import { linearCrossEntropy, rmsNorm, swiGlu, tf, trace, type Graph, type ValueSpec } from '@skipwise/runtime'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { lower } from './lowering.js'
import { leavesLast } from './node-order.js'
import { encodeModel } from './onnx-model.js'
import { rematerialize } from './rematerialize.js'
import { conversionEnd, runInPlace } from './uncopied-outputs.js'

const f32 = (...shape: number[]): ValueSpec => ({ shape, dtype: 'float32' })
const specs = { x: f32(6, 4), scale: f32(4), gate: f32(4, 8), up: f32(4, 8), down: f32(8, 4) }

/** A feed-forward block and a norm; with gradients of everything when asked. */
const block = (gradients: boolean): Graph =>
  trace('block', inputs => {
    const loss = (x: tf.Tensor, scale: tf.Tensor, gate: tf.Tensor, up: tf.Tensor, down: tf.Tensor) => {
      const normed = rmsNorm(x as tf.Tensor2D, scale as tf.Tensor1D, 1e-6)
      const output = tf.matMul(swiGlu(tf.matMul(normed, gate as tf.Tensor2D), tf.matMul(normed, up as tf.Tensor2D)), down as tf.Tensor2D)
      return tf.sum(rmsNorm(output as tf.Tensor2D, scale as tf.Tensor1D, 1e-6)) as tf.Scalar
    }
    const names = Object.keys(specs), values = names.map(name => inputs[name])
    if (!gradients) return { loss: loss(...(values as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor])) }
    const { value, grads } = tf.valueAndGrads(loss as (...x: tf.Tensor[]) => tf.Scalar)(values)
    return { loss: value, ...Object.fromEntries(names.map((name, i) => [`d${name}`, grads[i]])) }
  }, specs)

const kernels = (graph: Graph, kernel: string) => graph.nodes.filter(node => node.kernel === kernel)

describe('rematerialize', () => {
  it('leaves a forward pass as it is', () => {
    const graph = block(false)
    expect(rematerialize(graph)).toBe(graph)
  })

  it('gives the backward pass norms and activations of its own', () => {
    const before = block(true), after = rematerialize(before), begin = before.nodes.findIndex(node => node.kernel.endsWith('Grad'))
    for (const kernel of ['RmsNorm', 'SwiGlu']) {
      expect(kernels(after, kernel)).toHaveLength(kernels(before, kernel).length + 1)
      const [{ outputs }] = kernels(before, kernel)
      expect(before.nodes.slice(begin).some(node => Object.values(node.inputs).includes(outputs[0]))).toBe(true)
      expect(after.nodes.slice(begin).some(node => Object.values(node.inputs).includes(outputs[0]))).toBe(false)
    }
    expect(after.outputs).toEqual(before.outputs)
  })

  it('writes every node behind those it reads', () => {
    const graph = rematerialize(block(true)), known = new Set([...Object.values(graph.inputs), ...graph.constants.keys()])
    for (const node of graph.nodes) {
      for (const id of Object.values(node.inputs)) expect(known).toContain(id)
      for (const id of node.outputs) known.add(id)
    }
  })
})

describe('cross-entropy', () => {
  it('computes logits and probabilities once for both passes, behind a norm too', () => {
    const graph = trace('loss', ({ x, scale, weight, labels }) => {
      const loss = (x: tf.Tensor, weight: tf.Tensor) =>
        tf.sum(linearCrossEntropy(rmsNorm(x as tf.Tensor2D, scale as tf.Tensor1D, 1e-6), weight as tf.Tensor2D, labels as tf.Tensor1D)) as tf.Scalar
      const { value, grads: [dx, dweight] } = tf.valueAndGrads(loss as (...x: tf.Tensor[]) => tf.Scalar)([x, weight])
      return { loss: value, dx, dweight }
    }, { x: f32(6, 4), scale: f32(4), weight: f32(10, 4), labels: { shape: [6], dtype: 'int32' } })
    expect(lower(graph).nodes.filter(node => node.op === 'Softmax')).toHaveLength(1)
  })
})

describe('leavesLast', () => {
  it('puts what feeds no node at the end, the earliest last, and loses nothing', () => {
    const node = (name: string, ...inputs: string[]) => ({ op: 'Add', inputs, outputs: [name] })
    const nodes = [node('a', 'x'), node('da', 'a'), node('b', 'a'), node('db', 'b'), node('c', 'b')]
    expect(leavesLast(nodes).map(({ outputs }) => outputs[0])).toEqual(['a', 'b', 'c', 'db', 'da'])
  })
})

describe('runInPlace', () => {
  const model = encodeModel(lower(trace('double', ({ x }) => ({ y: tf.add(x, x) }), { x: f32(3) })))
  const feeds = { in_x: new Tensor('float32', Float32Array.of(1, 2, 3), [3]) }

  it('leaves the results in the memory that was given, and the session usable', async () => {
    const session = await InferenceSession.create(model), y = new Tensor('float32', new Float32Array(3), [3])
    for (let run = 0; run < 3; run++) {
      ;(y.data as Float32Array).fill(0)
      await runInPlace(session, feeds, { out_y: y })
      expect(y.data).toEqual(Float32Array.of(2, 4, 6))
    }
    await session.release()
  })

  it('relies on a refusal of this version of onnxruntime-node', async () => {
    const session = await InferenceSession.create(model)
    await expect(session.run(feeds, [conversionEnd.output.name, 'out_y'])).rejects.toThrow('Non tensor type is temporarily not supported.')
    await session.release()
  })

  it('passes other failures on', async () => {
    const session = await InferenceSession.create(model), y = new Tensor('float32', new Float32Array(2), [2])
    await expect(runInPlace(session, feeds, { out_y: y })).rejects.toThrow('Got invalid dimensions for output: out_y')
    await session.release()
  })
})
