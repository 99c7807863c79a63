import { Arena, type Chunk } from './arena.js'
import { plannedBuffers, type Buffer } from './buffers.js'
import type { OnnxGraph } from './onnx-model.js'

/** What a session keeps for a node: the node, its kernel, its plan (measured, docs/adr/0010-memory-plan.md). */
const NODE_BYTES = 2e4

/** Bytes that the session of a model grows to beside inputs and outputs: its arena, its constants and its nodes. */
export const sessionBytes = (model: OnnxGraph): number =>
  arenaBytes(plannedBuffers(model)) +
  NODE_BYTES * model.nodes.length +
  model.initializers.reduce((sum, constant) => sum + constant.data.byteLength, 0)

/**
 * Bytes that the arena of a session holds after runs that ask for these buffers: after the second, which finds other
 * free chunks than the first.
 */
export function arenaBytes(buffers: readonly Buffer[]): number {
  const arena = new Arena()
  const starting = new Map<number, Buffer[]>()
  const ending = new Map<number, Buffer[]>()
  for (const buffer of buffers) {
    for (const [steps, step] of [
      [starting, buffer.from],
      [ending, buffer.to]
    ] as const)
      steps.set(step, [...(steps.get(step) ?? []), buffer])
  }
  const last = Math.max(-1, ...ending.keys())
  for (let run = 0; run < 2; run++) {
    const chunks = new Map<Buffer, Chunk>()
    for (let step = 0; step <= last; step++) {
      for (const buffer of starting.get(step) ?? []) chunks.set(buffer, arena.allocate(buffer.bytes))
      for (const buffer of ending.get(step) ?? []) arena.release(chunks.get(buffer) as Chunk)
    }
  }
  return arena.touchedBytes
}
