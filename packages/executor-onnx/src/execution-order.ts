import type { OnnxNode } from './onnx-model.js'

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
