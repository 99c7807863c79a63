import { readFileSync, writeFileSync } from 'node:fs'
import { causalAttention, sizeOf, tf, trace, type Graph, type Values } from '@skipwise/runtime'
import { openTensorFlowExecutor } from '../src/executor.js'
import { unavailableReason } from '../src/index.js'

/** Heads of {@link attentionLayers}. */
export const H = 4
const D = 64

/** Why memory cannot be measured here. */
export const noPeaks = (): string | undefined =>
  unavailableReason() ?? (process.platform === 'linux' ? undefined : 'peaks of memory are read from /proc')

/** Layers of nothing but attention, and the gradient through all of them. */
export function attentionLayers(T: number, layers: number) {
  return trace(
    'layers',
    ({ x }) => {
      const run = (x: tf.Tensor) =>
        tf.sum(
          Array.from({ length: layers }).reduce<tf.Tensor>(
            hidden => causalAttention(hidden as tf.Tensor4D, hidden as tf.Tensor4D, hidden as tf.Tensor4D, 0.1),
            x
          )
        ) as tf.Scalar
      return { gradient: tf.grad(run)(x) }
    },
    { x: { shape: [1, T, H, D], dtype: 'float32' } }
  )
}

/** The most memory of the process during a run, bytes. What earlier runs of the process left in its heap is in it. */
export async function peakOf(graph: Graph): Promise<number> {
  // Linux forgets the peak so far (man proc_pid_clear_refs).
  writeFileSync('/proc/self/clear_refs', '5')
  const executor = await openTensorFlowExecutor()
  const program = await executor.compile(graph)
  const inputs = Object.entries(graph.inputs).map(([name, id]) => [
    name,
    executor.upload(
      graph.values[id],
      Float32Array.from({ length: sizeOf(graph.values[id].shape) }, (_, i) => Math.sin(i) / 10)
    )
  ])
  await program.run(Object.fromEntries(inputs) as Values)
  await program.dispose()
  await executor.dispose()
  return peakOfProcess()
}

const peakOfProcess = () => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024
