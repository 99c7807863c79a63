import { fusedKernels } from './fused-kernel.js'
import type { Graph, GraphNode, ValueId, ValueSpec } from './graph.js'
import { trace } from './trace.js'

/**
 * Replaces the fused kernels that an executor has no lowering for, and calls that no lowering knows
 * (`alwaysComposed`), by the operations of their definition. Other kernels, and the ids of values, stay.
 */
export function expandKernels(graph: Graph, hasLowering: (kernel: string) => boolean): Graph {
  const values: ValueSpec[] = [...graph.values]
  const constants = new Map(graph.constants)
  const nodes: GraphNode[] = []
  for (const node of graph.nodes) {
    const fused = fusedKernels.get(node.kernel)
    if (!fused || (hasLowering(node.kernel) && !fused.alwaysComposed?.(node.attributes))) {
      nodes.push(node)
      continue
    }
    const specs = Object.fromEntries(Object.entries(node.inputs).map(([name, id]) => [name, graph.values[id]]))
    const part = trace(
      node.kernel,
      tensors => Object.fromEntries(fused.compose(tensors, node.attributes).map((tensor, i) => [String(i), tensor])),
      specs
    )
    const places = new Map<ValueId, ValueId>(Object.entries(part.inputs).map(([name, id]) => [id, node.inputs[name]]))
    const same: GraphNode[] = []
    node.outputs.forEach((output, i) => {
      const id = part.outputs[String(i)]
      const placed = places.get(id)
      // An output that is an input, or another output.
      if (placed !== undefined)
        same.push({ kernel: 'Identity', inputs: { x: placed }, attributes: {}, outputs: [output] })
      else places.set(id, output)
    })
    const place = (id: ValueId): ValueId => {
      const known = places.get(id)
      if (known !== undefined) return known
      places.set(id, values.length)
      values.push(part.values[id])
      return values.length - 1
    }
    for (const [id, data] of part.constants) constants.set(place(id), data)
    for (const inner of part.nodes) {
      nodes.push({
        ...inner,
        inputs: Object.fromEntries(Object.entries(inner.inputs).map(([name, id]) => [name, place(id)])),
        outputs: inner.outputs.map(place)
      })
    }
    nodes.push(...same)
  }
  return { ...graph, values, constants, nodes }
}
