import { readFileSync } from 'node:fs'
import { causalAttention, tf, trace } from '@skipwise/runtime'
import { describe, expect, test } from 'vitest'
import { openTensorFlowExecutor } from './executor.js'
import { unavailableReason } from './plugin.js'

const H = 4, D = 64

/** The most memory of this process since the last reset, bytes. */
const peakOfProcess = () => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024

/** Layers of nothing but attention, and the gradient through all of them. */
function attentionLayers(T: number, layers: number) {
  return trace('layers', ({ x }) => {
    const run = (x: tf.Tensor) => tf.sum(Array.from({ length: layers }).reduce<tf.Tensor>(hidden => causalAttention(hidden as tf.Tensor4D, hidden as tf.Tensor4D, hidden as tf.Tensor4D, 0.1), x)) as tf.Scalar
    return { gradient: tf.grad(run)(x) }
  }, { x: { shape: [1, T, H, D], dtype: 'float32' } })
}

/** The peak after a run. */
async function peakOf(T: number, layers: number): Promise<number> {
  const graph = attentionLayers(T, layers), executor = await openTensorFlowExecutor(), program = await executor.compile(graph)
  const x = executor.upload(graph.values[graph.inputs.x], Float32Array.from({ length: T * H * D }, (_, i) => Math.sin(i)))
  await program.run({ x })
  await program.dispose()
  await executor.dispose()
  return peakOfProcess()
}

/** Bytes that a layer adds to the peak, over those of its probabilities (their lower half). */
async function growth(T: number, few: number, many: number): Promise<number> {
  const before = await peakOf(T, few)
  return ((await peakOf(T, many)) - before) / (many - few) / (H * T * T * 2)
}

const reason = unavailableReason() ?? (process.platform === 'linux' ? undefined : 'peaks of memory are read from /proc')
// Common-subexpression elimination would find that forward and backward pass compute the same probabilities, and keep those of every layer.
describe.skipIf(reason)(`memory of attention${reason ? ` (skipped: ${reason})` : ''}`, () => {
  test('probabilities that are computed again do not stay in memory: the optimizer of graphs leaves them apart', async () => {
    // 0.53 was measured: hidden states and their gradients.
    expect(await growth(2048, 4, 12)).toBeLessThan(0.8)
  })

  test('those that are kept do: the measurement sees them', async () => {
    // 2.2 was measured. The first peak must be above that of the test before.
    expect(await growth(1408, 16, 28)).toBeGreaterThan(1)
  })
})
