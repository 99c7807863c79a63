import type { Graph, GraphNode, HostData, ValueId, ValueSpec } from './graph.js'

/**
 * Equal constants and equal nodes become one, multiplication by one goes, and nodes that no output needs are dropped.
 * Values keep their numbers.
 */
export function simplify(graph: Graph): Graph {
  const replaced = new Map<ValueId, ValueId>()
  const resolve = (id: ValueId): ValueId => replaced.get(id) ?? id

  const constants = new Map<ValueId, HostData>()
  const constantByContent = new Map<string, ValueId>()
  for (const [id, data] of graph.constants) {
    const key = contentKey(graph.values[id], data)
    const same = constantByContent.get(key)
    if (same === undefined) {
      constantByContent.set(key, id)
      constants.set(id, data)
    } else replaced.set(id, same)
  }

  const nodes: GraphNode[] = []
  const nodeByContent = new Map<string, GraphNode>()
  for (const original of graph.nodes) {
    const inputs = Object.fromEntries(Object.entries(original.inputs).map(([name, id]) => [name, resolve(id)]))
    const node = { ...original, inputs }
    const passed = passThrough(node, graph.values, constants)
    if (passed !== undefined) {
      replaced.set(node.outputs[0], passed)
      continue
    }
    const key = `${node.kernel} ${JSON.stringify(inputs)} ${JSON.stringify(node.attributes)}`
    const same = nodeByContent.get(key)
    if (same) node.outputs.forEach((id, index) => replaced.set(id, same.outputs[index]))
    else {
      nodeByContent.set(key, node)
      nodes.push(node)
    }
  }
  const outputs = Object.fromEntries(Object.entries(graph.outputs).map(([name, id]) => [name, resolve(id)]))
  return dropUnused({ ...graph, nodes, constants, outputs })
}

/** The input that a node returns unchanged: x · 1, x + 0, a reshape to the same shape, an identity. */
function passThrough(
  node: GraphNode,
  values: readonly ValueSpec[],
  constants: ReadonlyMap<ValueId, HostData>
): ValueId | undefined {
  const sameShape = (id: ValueId) => String(values[id].shape) === String(values[node.outputs[0]].shape)
  const isSplat = (id: ValueId, value: number) =>
    constants.get(id)?.every((element: number) => element === value) ?? false
  const { a, b, x } = node.inputs
  switch (node.kernel) {
    case 'Identity':
    case 'Reshape':
      return sameShape(x) ? x : undefined
    case 'Multiply':
      return isSplat(b, 1) && sameShape(a) ? a : isSplat(a, 1) && sameShape(b) ? b : undefined
    case 'Add':
      return isSplat(b, 0) && sameShape(a) ? a : isSplat(a, 0) && sameShape(b) ? b : undefined
    default:
      return undefined
  }
}

function dropUnused(graph: Graph): Graph {
  const needed = new Set<ValueId>(Object.values(graph.outputs))
  const nodes: GraphNode[] = []
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const node = graph.nodes[index]
    if (!node.outputs.some(id => needed.has(id))) continue
    for (const id of Object.values(node.inputs)) needed.add(id)
    nodes.push(node)
  }
  return { ...graph, nodes: nodes.reverse(), constants: new Map([...graph.constants].filter(([id]) => needed.has(id))) }
}

/**
 * Small constants by their numbers; large ones by identity of their buffer, which is enough for repeated use of one
 * array.
 */
function contentKey(spec: ValueSpec, data: HostData): string {
  const splat = data.length > 0 && data.every((element: number) => Object.is(element, data[0]))
  const content = splat ? `all ${data[0]}` : data.length <= 4096 ? data.join() : `buffer ${bufferNumber(data)}`
  return `${spec.dtype} ${spec.shape.join()} ${content}`
}

const bufferNumbers = new WeakMap<object, number>()
let buffers = 0
function bufferNumber(data: HostData): number {
  const known = bufferNumbers.get(data.buffer)
  if (known !== undefined) return known
  bufferNumbers.set(data.buffer, ++buffers)
  return buffers
}
