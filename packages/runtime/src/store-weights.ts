import type { Graph, GraphNode, ValueId, ValueSpec } from './graph.js'
import { isNodeOf } from './kernel-types.js'
import { storedSpecs, type StorageName } from './stored-weight.js'

/** Name of the input with the scales of a weight at rest. */
export const scalesName = (weight: string): string => `scales:${weight}`

/**
 * The graph with some of its inputs at rest: an input of this name takes the codes, and {@link scalesName} the scales
 * where there are any. What reads the weight reads it restored, and each reader restores it for itself: a float32 copy
 * is there while one kernel runs, and not from the forward pass to the backward pass. An embedding restores the rows
 * that it looks up.
 *
 * The nodes that restore come first: an executor that orders nodes itself, as ONNX Runtime does, then runs each just
 * before its reader.
 *
 * @param stored storage by the name of an input, float32 [rows, columns] of which nothing takes the gradient
 */
export function storeWeights(graph: Graph, stored: ReadonlyMap<string, StorageName>): Graph {
  const weights = new Map(
    Object.entries(graph.inputs).flatMap(([name, id]) => {
      const storage = stored.get(name)
      return storage === undefined ? [] : [[id, { name, storage }] as const]
    })
  )
  if (weights.size === 0) return graph
  const values: ValueSpec[] = [...graph.values]
  const inputs: Record<string, ValueId> = { ...graph.inputs }
  const place = (spec: ValueSpec): ValueId => values.push(spec) - 1
  for (const [id, { name, storage }] of weights) {
    const { codes, scales } = storedSpecs(storage, graph.values[id].shape)
    inputs[name] = place(codes)
    if (scales) inputs[scalesName(name)] = place(scales)
  }
  const restoring: GraphNode[] = []
  /** The weight restored, or rows of it. */
  const restored = (id: ValueId, rows?: (x: ValueId) => ValueId): ValueId => {
    const { name, storage } = weights.get(id) as { name: string; storage: StorageName }
    const codes = rows?.(inputs[name]) ?? inputs[name]
    const scales = inputs[scalesName(name)]
    const [count] = values[codes].shape
    const output = place({ shape: [count, ...graph.values[id].shape.slice(1)], dtype: 'float32' })
    restoring.push({
      kernel: 'RestoreWeight',
      inputs: scales === undefined ? { codes } : { codes, scales: rows?.(scales) ?? scales },
      attributes: { storage },
      outputs: [output]
    })
    return output
  }
  const rowsAt =
    (indices: ValueId) =>
    (x: ValueId): ValueId => {
      const output = place({ ...values[x], shape: [...graph.values[indices].shape, ...values[x].shape.slice(1)] })
      restoring.push({ kernel: 'GatherV2', inputs: { x, indices }, attributes: { axis: 0 }, outputs: [output] })
      return output
    }
  const nodes = graph.nodes.map((node): GraphNode => {
    if (isNodeOf(node, 'Embedding') && weights.has(node.inputs.weight)) {
      const x = restored(node.inputs.weight, rowsAt(node.inputs.ids))
      return { kernel: 'Identity', inputs: { x }, attributes: {}, outputs: node.outputs }
    }
    const read = Object.entries(node.inputs).map(
      ([argument, id]) => [argument, weights.has(id) ? restored(id) : id] as const
    )
    return { ...node, inputs: Object.fromEntries(read) }
  })
  return { ...graph, values, inputs, nodes: [...restoring, ...nodes] }
}
