import { causalAttention, sizeOf, tf, trace } from '@skipwise/runtime'
import { describe, expect, test } from 'vitest'
import { loadBinding, prepareEnvironment, type Binding } from './binding.js'
import { Device } from './device.js'
import { TensorFlowProgram } from './program.js'
import { unavailableReason } from './index.js'
import { hasBfloat16 } from './processor.js'
import { roundsSoftmaxOnce } from './softmax-precision.js'
import type { TensorFlowValue } from './value.js'

const reason =
  unavailableReason() ??
  (process.arch === 'x64' && hasBfloat16() && process.env['TF_ENABLE_ONEDNN_OPTS'] !== '0'
    ? undefined
    : 'no oneDNN with bfloat16 here')
describe.skipIf(reason)(`softmax of bfloat16${reason ? ` (skipped: ${reason})` : ''}`, () => {
  prepareEnvironment()

  test('is computed in float32 by oneDNN', () => {
    expect(roundsSoftmaxOnce(loadBinding())).toBe(true)
  })

  test('is not to be had where TensorFlow refuses it', () => {
    const refuses = () => {
      throw new Error('No OpKernel was registered to support Op Softmax')
    }
    expect(roundsSoftmaxOnce(Object.create(loadBinding(), { runSavedModel: { value: refuses } }) as Binding)).toBe(
      false
    )
  })

  // 300 rows: two blocks. 1,500: more probabilities than are kept without asking.
  test.each([300, 1500])(
    'gives attention over %i tokens and its gradients the very numbers of a softmax in float32',
    async T => {
      const spec = { shape: [1, T, 4, 8], dtype: 'float32' } as const
      const graph = trace(
        'attention',
        ({ q, k, v }) => {
          const run = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) =>
            tf.sum(tf.square(causalAttention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, 0.5))) as tf.Scalar
          const {
            value,
            grads: [dq, dk, dv]
          } = tf.valueAndGrads(run as (...x: tf.Tensor[]) => tf.Scalar)([q, k, v])
          return { value, dq, dk, dv }
        },
        { q: spec, k: spec, v: spec }
      )
      const [narrow, wide] = await Promise.all(
        [true, false].map(async narrowSoftmax => {
          const device = new Device(loadBinding(), 'bfloat16', false, narrowSoftmax)
          const program = TensorFlowProgram.compile(device, graph, {})
          const inputs = Object.fromEntries(
            ['q', 'k', 'v'].map((name, k) => [
              name,
              device.upload(
                spec,
                Float32Array.from({ length: sizeOf(spec.shape) }, (_, i) => Math.sin(i * (k + 1)))
              )
            ])
          )
          const outputs = (await program.run(inputs)) as Record<string, TensorFlowValue>
          const read = Object.entries(outputs).map(([name, value]) => [name, device.read(value)] as const)
          await program.dispose()
          device.close()
          return Object.fromEntries(read)
        })
      )
      expect(narrow).toEqual(wide)
      expect(narrow.dq.some(value => value !== 0)).toBe(true)
    }
  )
})
