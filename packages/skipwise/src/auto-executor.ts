import { definePlugin } from '@skipwise/core'
import { onnxExecutor } from '@skipwise/executor-onnx'
import { tensorFlowExecutor } from '@skipwise/executor-tensorflow'
import { causalAttention, swiGlu, tf, trace, type Executor } from '@skipwise/runtime'
import { z } from 'zod'

/** A feed-forward layer and attention with gradients: what a training step is made of, in some 0.7 GFLOP. */
function probe() {
  const [T, d, ff, H] = [512, 256, 512, 4]
  const matrix = (...shape: number[]) => ({ shape, dtype: 'float32' as const })
  return trace(
    'probe',
    ({ x, gate, down }) => {
      const loss = (gate: tf.Tensor, down: tf.Tensor) => {
        const inner = tf.matMul(x, gate) as tf.Tensor2D
        const hidden = tf.matMul(swiGlu(inner, inner), down)
        const heads = tf.reshape(hidden, [1, T, H, d / H]) as tf.Tensor4D
        return tf.sum(causalAttention(heads, heads, heads, 0.125)) as tf.Scalar
      }
      const { value, grads } = tf.valueAndGrads(loss)([gate, down])
      return { loss: value, gate: grads[0], down: grads[1] }
    },
    { x: matrix(T, d), gate: matrix(d, ff), down: matrix(ff, d) }
  )
}

/** Best time of five steps after two, milliseconds. */
async function timeOf(executor: Executor): Promise<number> {
  const graph = probe()
  const program = await executor.compile(graph)
  const inputs = Object.fromEntries(
    Object.entries(graph.inputs).map(([name, id]) => [name, executor.upload(graph.values[id])])
  )
  const times: number[] = []
  for (let step = 0; step < 7; step++) {
    const started = performance.now()
    const { loss } = await program.run(inputs)
    await executor.read(loss)
    times.push(performance.now() - started)
  }
  await program.dispose()
  for (const value of Object.values(inputs)) value.dispose()
  return Math.min(...times.slice(2))
}

/** The faster of those that open, in the order given when they are equal; the others are closed again. */
export async function fasterOf(
  executors: readonly Executor[],
  measure: (executor: Executor) => Promise<number> = timeOf
): Promise<Executor> {
  const times: number[] = []
  for (const executor of executors) times.push(await measure(executor))
  const best = times.indexOf(Math.min(...times))
  for (const [i, executor] of executors.entries()) if (i !== best) await executor.dispose()
  return executors[best]
}

/** TensorFlow where it can be had and is faster than ONNX Runtime, by a second's measurement; else ONNX Runtime. */
export const autoExecutor = definePlugin({
  kind: 'executor',
  name: 'auto',
  summary: 'the faster of onnx and, where it can be had, tensorflow',
  config: z.strictObject({ threads: z.int().min(1).optional() }),
  create: options => ({
    unavailable: async () => undefined,
    async open() {
      const tensorFlow = tensorFlowExecutor(options)
      const onnx = await onnxExecutor(options).open()
      return (await tensorFlow.unavailable()) === undefined ? fasterOf([onnx, await tensorFlow.open()]) : onnx
    }
  })
})
