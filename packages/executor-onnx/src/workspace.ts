import type { OnnxGraph, OnnxNode } from './onnx-model.js'
import { bytesOf, inferShapes, type TensorSpec } from './onnx-shapes.js'
import { Arena, type ArenaChunk } from './arena.js'

/**
 * The order in which ONNX Runtime runs nodes: from the leaves back, the last leaf first, a node's later inputs before
 * its earlier ones (`Graph::ReverseDFSFrom`).
 */
export function executionOrder(nodes: readonly OnnxNode[]): OnnxNode[] {
  const maker = new Map(nodes.flatMap((node, index) => node.outputs.map(name => [name, index] as const)))
  const read = new Set(nodes.flatMap(node => node.inputs))
  const stack: { index: number; done: boolean }[] = []
  nodes.forEach((node, index) => !node.outputs.some(name => read.has(name)) && stack.push({ index, done: false }))
  const visited = new Set<number>()
  const order: OnnxNode[] = []
  for (let entry = stack.pop(); entry; entry = stack.pop()) {
    const { index, done } = entry
    if (done) order.push(nodes[index])
    else if (!visited.has(index)) {
      visited.add(index)
      stack.push({ index, done: true })
      const makers = new Set(nodes[index].inputs.flatMap(name => maker.get(name) ?? []))
      for (const input of [...makers].sort((a, b) => a - b))
        if (!visited.has(input)) stack.push({ index: input, done: false })
    }
  }
  return order
}

/** Operators that give their input under another shape: no memory of their own. */
const VIEWS = new Set(['Reshape', 'Identity', 'Squeeze', 'Unsqueeze', 'Flatten', 'BitCast'])
/**
 * Operators whose kernels write over their first input when nothing else reads it (`MayInplace`; in ONNX Runtime 1.30
 * arithmetic is not among them: measured by the arena's growth).
 */
const IN_PLACE = new Set(['Softmax', 'LogSoftmax', 'Sigmoid', 'Tanh', 'Relu', 'Softplus', 'Cast', 'ScatterND'])

/** Memory that a run asks for: for which temporaries, from which step to which, inclusive. */
interface Buffer {
  readonly bytes: number
  readonly from: number
  to: number
}

/** Where temporaries lie: a view and what was written over it share a place. */
interface ArenaPlace {
  readonly buffer: Buffer
  /** Element size and shape: what may take it over must have the same. */
  readonly key: string
  /** Reads of what lies there that are still to come. */
  left: number
}

/**
 * The memory that a run of a model asks its allocator for, as ONNX Runtime plans it before the first run
 * (`PlannerImpl`): a temporary takes the memory of an input that it may write over, else that of an earlier one of the
 * same shape that nothing reads any more, else memory of its own. What will be taken over is not given back in between:
 * it is held from the first temporary in it to the last. Inputs and outputs are the caller's.
 */
export function plannedBuffers(model: OnnxGraph): Buffer[] {
  const specs = inferShapes(model)
  const nodes = executionOrder(model.nodes)
  const outputs = new Set(model.outputs.map(({ name }) => name))
  const buffers: Buffer[] = []
  const uses = new Map<string, number>()
  for (const { inputs } of nodes) for (const name of inputs) uses.set(name, (uses.get(name) ?? 0) + 1)
  const places = new Map<string, ArenaPlace>()
  // those that nothing reads any more, the latest first
  const idle: ArenaPlace[] = []
  const keyOf = (name: string) => {
    const spec = specs.get(name)
    return spec && `${bytesOf({ ...spec, shape: [] })} ${spec.shape.join()}`
  }
  /** The place of an input that an output takes for its own: as a view of it, or written over it. */
  const shared = ({ op, inputs: [first] }: OnnxNode, key: string): ArenaPlace | undefined => {
    const place = places.get(first)
    return VIEWS.has(op) || (IN_PLACE.has(op) && place?.left === 1 && keyOf(first) === key) ? place : undefined
  }
  const taken = (name: string, key: string, step: number): ArenaPlace => {
    const spec = specs.get(name) as TensorSpec
    const again = spec.shape.length === 0 ? -1 : idle.findIndex(each => each.key === key)
    const buffer = again < 0 ? { bytes: bytesOf(spec), from: step, to: step } : idle.splice(again, 1)[0].buffer
    if (again < 0) buffers.push(buffer)
    return { buffer, key, left: 0 }
  }
  nodes.forEach((node, step) => {
    for (const name of node.outputs) {
      const key = keyOf(name)
      const isCallers = outputs.has(name) || (VIEWS.has(node.op) && !places.has(node.inputs[0]))
      if (key === undefined || isCallers) continue
      const place = shared(node, key) ?? taken(name, key, step)
      place.left += uses.get(name) ?? 0
      place.buffer.to = step
      places.set(name, place)
      if (place.left === 0) idle.unshift(place)
    }
    for (const place of node.inputs.flatMap(name => places.get(name) ?? [])) {
      place.buffer.to = step
      if (--place.left === 0) idle.unshift(place)
    }
  })
  return buffers
}

/** What a session keeps for a node: the node, its kernel, its plan (measured, docs/adr/0010-memory-plan.md). */
const NODE_BYTES = 2e4

/** Bytes that the session of a model grows to besides inputs and outputs: its arena, its constants and its nodes. */
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
    const chunks = new Map<Buffer, ArenaChunk>()
    for (let step = 0; step <= last; step++) {
      for (const buffer of starting.get(step) ?? []) chunks.set(buffer, arena.allocate(buffer.bytes))
      for (const buffer of ending.get(step) ?? []) arena.release(chunks.get(buffer) as ArenaChunk)
    }
  }
  return arena.touchedBytes
}
