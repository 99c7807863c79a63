/** Element types of graph values. */
export type DType = 'float32' | 'int32' | 'bool'

/** Host data of a value: `Uint8Array` holds bools. */
export type HostData = Float32Array | Int32Array | Uint8Array

/** How the codes of a weight at rest lie in memory: see `StoredWeight`. */
export type CodeType = 'uint16' | 'int8' | 'uint8'

/** Static shape and element type. */
export interface ValueSpec {
  readonly shape: readonly number[]
  readonly dtype: DType
  /** Of int32: its elements are codes that take fewer bits. */
  readonly codes?: CodeType
}

/** Index into {@link Graph.values}. */
export type ValueId = number

/** One kernel call: a tfjs kernel, or a fused kernel of this package, by name. */
export interface GraphNode {
  readonly kernel: string
  /** Argument name → value; kernels that take a list name its elements '0', '1', …. */
  readonly inputs: Readonly<Record<string, ValueId>>
  readonly attributes: Readonly<Record<string, unknown>>
  readonly outputs: readonly ValueId[]
}

/** A typed, static program: what {@link trace} gives and executors compile. Nodes are in execution order. */
export interface Graph {
  readonly name: string
  readonly values: readonly ValueSpec[]
  readonly inputs: Readonly<Record<string, ValueId>>
  /** Elements of each, row-major. */
  readonly constants: ReadonlyMap<ValueId, HostData>
  readonly nodes: readonly GraphNode[]
  readonly outputs: Readonly<Record<string, ValueId>>
}

/** Number of elements of a shape; 1 for a scalar. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)

/** Zeroed host data for a spec, as many elements as its shape has. */
export function allocate({ shape, dtype }: ValueSpec): HostData {
  const size = sizeOf(shape)
  return dtype === 'float32' ? new Float32Array(size) : dtype === 'int32' ? new Int32Array(size) : new Uint8Array(size)
}

/** For each value, the index of the last node that reads it; graph outputs never end. */
export function lastUses(graph: Graph): Map<ValueId, number> {
  const last = new Map<ValueId, number>()
  graph.nodes.forEach((node, index) => {
    for (const id of node.outputs) last.set(id, index)
    for (const id of Object.values(node.inputs)) last.set(id, index)
  })
  for (const id of Object.values(graph.outputs)) last.set(id, Infinity)
  return last
}

/** Bytes of a value. */
export const bytesOf = ({ shape, dtype, codes }: ValueSpec): number => sizeOf(shape) * BYTES[codes ?? dtype]

const BYTES: Readonly<Record<DType | CodeType, number>> = {
  float32: 4,
  int32: 4,
  bool: 1,
  uint16: 2,
  int8: 1,
  uint8: 1
}

/**
 * The most bytes of a graph's own values that are alive at once when each is freed after its last use: a lower bound
 * for what an executor needs besides inputs and outputs.
 */
export function peakOfTemporaries(graph: Graph): number {
  const last = lastUses(graph)
  const outputs = new Set(Object.values(graph.outputs))
  let bytes = 0
  let peak = 0
  graph.nodes.forEach((node, index) => {
    for (const id of node.outputs) if (!outputs.has(id)) bytes += bytesOf(graph.values[id])
    peak = Math.max(peak, bytes)
    for (const id of new Set([...Object.values(node.inputs), ...node.outputs])) {
      const isOwn = !outputs.has(id) && !graph.constants.has(id) && !Object.values(graph.inputs).includes(id)
      if (isOwn && last.get(id) === index) bytes -= bytesOf(graph.values[id])
    }
  })
  return peak
}
