import { linearCrossEntropy, rmsNorm, tf, trace, type ValueSpec } from '@skipwise/runtime'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { leavesLast, lower } from './lowering.js'
import type { Lowerings } from './builder.js'
import { encodeModel } from './onnx-model.js'
import { conversionEnd, runInPlace } from './uncopied-outputs.js'

const f32 = (...shape: number[]): ValueSpec => ({ shape, dtype: 'float32' })

describe('cross-entropy', () => {
  it('computes logits and probabilities once for both passes, behind a norm too', () => {
    const graph = trace(
      'loss',
      ({ x, scale, weight, labels }) => {
        const loss = (x: tf.Tensor, weight: tf.Tensor) =>
          tf.sum(
            linearCrossEntropy(
              rmsNorm(x as tf.Tensor2D, scale as tf.Tensor1D, 1e-6),
              weight as tf.Tensor2D,
              labels as tf.Tensor1D
            )
          ) as tf.Scalar
        const {
          value,
          grads: [dx, dweight]
        } = tf.valueAndGrads(loss as (...x: tf.Tensor[]) => tf.Scalar)([x, weight])
        return { loss: value, dx, dweight }
      },
      { x: f32(6, 4), scale: f32(4), weight: f32(10, 4), labels: { shape: [6], dtype: 'int32' } }
    )
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
    const session = await InferenceSession.create(model)
    const y = new Tensor('float32', new Float32Array(3), [3])
    for (let run = 0; run < 3; run++) {
      ;(y.data as Float32Array).fill(0)
      await runInPlace(session, feeds, { out_y: y })
      expect(y.data).toEqual(Float32Array.of(2, 4, 6))
    }
    await session.release()
  })

  it('relies on a refusal of this version of onnxruntime-node', async () => {
    const session = await InferenceSession.create(model)
    await expect(session.run(feeds, [conversionEnd.output.name, 'out_y'])).rejects.toThrow(
      'Non tensor type is temporarily not supported.'
    )
    await session.release()
  })

  it('passes other failures on', async () => {
    const session = await InferenceSession.create(model)
    const y = new Tensor('float32', new Float32Array(2), [2])
    await expect(runInPlace(session, feeds, { out_y: y })).rejects.toThrow('Got invalid dimensions for output: out_y')
    await session.release()
  })
})

describe('the table of lowerings', () => {
  it('does not compile without a word on each kernel', () => {
    expectTypeOf<Omit<Lowerings, 'RmsNorm'>>().not.toExtend<Lowerings>()
    expectTypeOf<Omit<Lowerings, 'Add'>>().not.toExtend<Lowerings>()
    expectTypeOf<{ readonly Add: 'composed' } & Omit<Lowerings, 'Add'>>().not.toExtend<Lowerings>()
  })
})
