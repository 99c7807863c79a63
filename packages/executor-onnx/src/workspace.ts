import type { OnnxGraph, OnnxNode } from './onnx-model.js'
import { bytesOf, inferShapes } from './onnx-shapes.js'

/** Operators that give their input under another shape: no memory of their own. */
const VIEWS = new Set(['Reshape', 'Identity'])
/** Operators that write over an input of the same size when nothing else reads it. */
const IN_PLACE = new Set(['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Exp', 'Log', 'Sqrt', 'Sigmoid', 'Tanh', 'Relu', 'Erf', 'Reciprocal', 'Abs', 'Sum'])

/** What the arena holds beside {@link temporariesBySize} (measured, docs/adr/0010-memory-plan.md). */
const ARENA_FACTOR = 1.1
/** What a session keeps for a node: the node, its kernel, its plan (measured). */
const NODE_BYTES = 2e4

/** Bytes that the session of a model grows to beside inputs and outputs: its arena, its constants and its nodes. */
export const sessionBytes = (model: OnnxGraph): number =>
  ARENA_FACTOR * temporariesBySize(model) + NODE_BYTES * model.nodes.length + model.initializers.reduce((sum, constant) => sum + constant.data.byteLength, 0)

/**
 * Bytes of temporaries for which a run of a model finds no free memory of their own size: of every size the most that are alive at once. The arena fits
 * a piece seldom into what a piece of another size left: blocks of attention, each longer than the one before it, hardly share memory. Inputs and outputs
 * are the caller's. Counted over the nodes in ONNX Runtime's order, each temporary from the node that makes it to the last that reads it.
 */
export function temporariesBySize(model: OnnxGraph): number {
  const specs = inferShapes(model), nodes = executionOrder(model.nodes), own = new Set(model.nodes.flatMap(node => node.outputs)), outputs = new Set(model.outputs.map(({ name }) => name))
  // the memory that a name stands for: a view's is its input's
  const owner = new Map<string, string>(), memoryOf = (name: string): string => owner.get(name) ?? name
  const readers = new Map<string, number>()
  for (const node of nodes) {
    if (VIEWS.has(node.op) && !outputs.has(node.outputs[0])) owner.set(node.outputs[0], memoryOf(node.inputs[0]))
    for (const name of new Set(node.inputs.map(memoryOf))) readers.set(name, (readers.get(name) ?? 0) + 1)
  }
  const isTemporary = (name: string) => own.has(name) && !outputs.has(name) && specs.has(name), size = (name: string) => bytesOf(specs.get(name) as never)
  const live = new Map<string, number>(), alive = new Map<number, number>(), most = new Map<number, number>()
  const count = (bytes: number, change: number) => alive.set(bytes, (alive.get(bytes) ?? 0) + change)
  const release = (name: string) => {
    const bytes = live.get(name)
    if (bytes !== undefined) count(bytes, -1)
    live.delete(name)
  }
  for (const node of nodes) {
    const read = [...new Set(node.inputs.map(memoryOf))], isLast = (name: string) => readers.get(name) === 1
    for (const name of node.outputs) {
      if (owner.has(name) || !isTemporary(name)) continue
      const reused = IN_PLACE.has(node.op) ? read.find(input => isLast(input) && live.get(input) === size(name)) : undefined
      if (reused !== undefined) release(reused)
      live.set(name, size(name))
      count(size(name), 1)
      most.set(size(name), Math.max(most.get(size(name)) ?? 0, alive.get(size(name)) as number))
    }
    for (const name of read) {
      const left = (readers.get(name) as number) - 1
      readers.set(name, left)
      if (left === 0) release(name)
    }
  }
  return [...most].reduce((sum, [bytes, pieces]) => sum + bytes * pieces, 0)
}

/** The order in which ONNX Runtime runs nodes: from the leaves back, the last leaf first, a node's later inputs before its earlier ones (`Graph::ReverseDFSFrom`). */
export function executionOrder(nodes: readonly OnnxNode[]): OnnxNode[] {
  const maker = new Map(nodes.flatMap((node, index) => node.outputs.map(name => [name, index] as const)))
  const read = new Set(nodes.flatMap(node => node.inputs)), stack: { index: number; done: boolean }[] = []
  nodes.forEach((node, index) => !node.outputs.some(name => read.has(name)) && stack.push({ index, done: false }))
  const visited = new Set<number>(), order: OnnxNode[] = []
  for (let entry = stack.pop(); entry; entry = stack.pop()) {
    const { index, done } = entry
    if (done) order.push(nodes[index])
    else if (!visited.has(index)) {
      visited.add(index)
      stack.push({ index, done: true })
      const makers = new Set(nodes[index].inputs.flatMap(name => maker.get(name) ?? []))
      for (const input of [...makers].sort((a, b) => a - b)) if (!visited.has(input)) stack.push({ index: input, done: false })
    }
  }
  return order
}
