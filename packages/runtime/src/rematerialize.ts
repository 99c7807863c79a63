import { fusedKernels } from './fused-kernel.js'
import type { Graph, GraphNode, ValueId } from './graph.js'

const isCheap = ({ kernel }: GraphNode) => fusedKernels.get(kernel)?.recompute === 'cheap'

/**
 * The graph with kernels that say `recompute: 'cheap'` computed again in the backward pass, where their outputs are
 * read for the gradients of weights: between the passes only their inputs are kept, which their own gradients need
 * anyhow. The same operations on the same numbers: no result changes.
 *
 * A copy has an input `after` that it does not read: the gradient that its output meets. An executor that orders nodes
 * itself must not compute the copy before it, or take it for the original.
 *
 * The backward pass begins at the first gradient kernel, since a trace records in the order of execution.
 */
export function rematerialize(graph: Graph): Graph {
  const begin = graph.nodes.findIndex(node => fusedKernels.get(node.kernel)?.gradientOf !== undefined)
  if (begin < 0) return graph
  const values = [...graph.values]
  const again = new Map<ValueId, ValueId>()
  const nodes: GraphNode[] = graph.nodes.slice(0, begin)
  const backward = graph.nodes.slice(begin)
  const cheap = new Map(nodes.filter(isCheap).map(node => [node.outputs[0], node]))
  const gradients = new Set(backward.flatMap(({ outputs }) => outputs))
  const copyOf = (id: ValueId, after: ValueId): ValueId => {
    const node = cheap.get(id)
    if (!node) return id
    if (!again.has(id)) {
      const outputs = node.outputs.map(output => values.push(values[output]) - 1)
      nodes.push({ ...node, inputs: { ...node.inputs, after }, outputs })
      again.set(id, outputs[0])
    }
    return again.get(id) as ValueId
  }
  for (const node of backward) {
    if (fusedKernels.get(node.kernel)?.originalInputs) {
      nodes.push(node)
      continue
    }
    const after = Object.values(node.inputs).find(id => gradients.has(id)) ?? backward[0].outputs[0]
    const inputs = Object.fromEntries(Object.entries(node.inputs).map(([name, id]) => [name, copyOf(id, after)]))
    nodes.push({ ...node, inputs })
  }
  return { ...graph, nodes, values }
}
