import {
  executorKernelError,
  type DType,
  type Graph,
  type HostData,
  type KernelLowering,
  type KernelName,
  type LoweringTable,
  type ValueId,
  type ValueSpec
} from '@skipwise/runtime'
import { OPSET, type OnnxAttribute, type OnnxInitializer, type OnnxNode, type OnnxType } from './onnx-model.js'

/** Attributes as plain numbers and arrays: integers become ints, `{ float }` stays. */
type Attributes = Readonly<Record<string, number | readonly number[] | { readonly float: number }>>

const MICROSOFT = 'com.microsoft'

/**
 * Makes rows of a value [N, …]: `select` takes them from something of the same N rows, as many as `rows`.
 *
 * @returns its name
 */
type RowMaker = (select: (x: string) => string, rows: number) => string

/** What lowering depends on besides the graph. */
export interface LoweringSetup {
  /** Whether attention over a cache is lowered to elementary operators: where GroupQueryAttention is wrong. */
  readonly composedCaches?: boolean
  /** Of the standard domain; default {@link OPSET}. */
  readonly opset?: number
}

/**
 * Collects the ONNX nodes of one graph. Names: `in_…` and `out_…` are its inputs and outputs, `v12` is value 12, `t7` a
 * temporary.
 */
export class OnnxBuilder {
  readonly #nodes: OnnxNode[] = []
  /** What is made when it is read: before the others, so that ONNX Runtime makes it just before its reader. */
  readonly #early: OnnxNode[] = []
  #to = this.#nodes
  readonly #makers = new Map<ValueId, RowMaker>()
  readonly initializers: OnnxInitializer[] = []
  readonly #memo = new Map<string, string>()
  readonly #names = new Map<ValueId, string>()
  readonly #read: ReadonlySet<ValueId>
  #temporaries = 0

  constructor(
    readonly graph: Graph,
    readonly setup: LoweringSetup = {}
  ) {
    this.#read = new Set([
      ...graph.nodes.flatMap(({ inputs }) => Object.values(inputs)),
      ...Object.values(graph.outputs)
    ])
    const computed = new Set(graph.nodes.flatMap(node => node.outputs))
    for (const [name, id] of Object.entries(graph.inputs)) this.#names.set(id, `in_${name}`)
    for (const [name, id] of Object.entries(graph.outputs))
      if (computed.has(id) && !this.#names.has(id)) this.#names.set(id, `out_${name}`)
    for (const [id, data] of graph.constants)
      this.initializers.push({ name: this.name(id), type: graph.values[id].dtype, shape: graph.values[id].shape, data })
  }

  get nodes(): readonly OnnxNode[] {
    return [...this.#early, ...this.#nodes]
  }

  /** Has a value made when it is read. */
  makeWhenRead(id: ValueId, make: RowMaker): void {
    this.#makers.set(id, make)
  }

  /** Rows of a value [N, …], and how many: `select` takes them from something of the same rows. */
  rowsOf(id: ValueId, rows: number, select: (x: string) => string): string {
    const make = this.#makers.get(id)
    return make ? this.#make(() => make(select, rows)) : select(this.name(id))
  }

  #make(make: () => string): string {
    const to = this.#to
    this.#to = this.#early
    try {
      return make()
    } finally {
      this.#to = to
    }
  }

  name(id: ValueId): string {
    const make = this.#makers.get(id)
    if (make) return this.once(`whole ${id}`, () => this.#make(() => make(x => x, this.spec(id).shape[0])))
    return this.#names.get(id) ?? `v${id}`
  }

  /** Whether anything reads a value: ONNX Runtime also computes what nothing does. */
  isRead(id: ValueId): boolean {
    return this.#read.has(id)
  }

  spec(id: ValueId): ValueSpec {
    return this.graph.values[id]
  }

  /** Adds a node of the standard domain and returns its first output, named `output` or a fresh temporary. */
  op(op: string, inputs: readonly string[], attributes: Attributes = {}, output?: string): string {
    return this.#add('', op, inputs, attributes, [output ?? this.#temporary()])
  }

  /** Adds a node of ONNX Runtime's own domain. */
  microsoft(
    op: string,
    inputs: readonly string[],
    attributes: Attributes,
    outputs: readonly string[] = [this.#temporary()]
  ): string {
    return this.#add(MICROSOFT, op, inputs, attributes, outputs)
  }

  /** Adds a node with several outputs. */
  multiple(op: string, inputs: readonly string[], attributes: Attributes, outputs: readonly string[]): void {
    this.#add('', op, inputs, attributes, outputs)
  }

  /** alpha · op(a) · op(b), transposes included: one pass over the operands. */
  matMul(a: string, b: string, { transA = false, transB = false, alpha = 1 } = {}, output?: string): string {
    return this.microsoft(
      'FusedMatMul',
      [a, b],
      { transA: Number(transA), transB: Number(transB), alpha: { float: alpha } },
      [output ?? this.#temporary()]
    )
  }

  reshape(x: string, shape: readonly number[], output?: string): string {
    return this.op('Reshape', [x, this.int64(shape)], {}, output)
  }

  transpose(x: string, perm: readonly number[], output?: string): string {
    return this.op('Transpose', [x], { perm }, output)
  }

  /** A reduction: its axes are an input since opset 18, of ReduceSum since 13. */
  reduce(op: string, x: string, axes: readonly number[], keepdims: number, output?: string): string {
    const isInput = op === 'ReduceSum' || (this.setup.opset ?? OPSET) >= 18
    return isInput
      ? this.op(op, [x, this.int64(axes)], { keepdims }, output)
      : this.op(op, [x], { axes, keepdims }, output)
  }

  /** x[…, begin:end, …] along one axis. */
  slice(x: string, axis: number, begin: number, end: number): string {
    return this.op('Slice', [x, this.int64([begin]), this.int64([end]), this.int64([axis])])
  }

  /** `data` with `updates` [N, …] added at rows `indices` [N, 1], int64. */
  scatterAdd(data: string, indices: string, updates: string, output: string = this.#temporary()): string {
    this.#to.push({
      op: 'ScatterND',
      inputs: [data, indices, updates],
      outputs: [output],
      attributes: { reduction: { string: 'add' } }
    })
    return output
  }

  /** The bits of whole numbers, `places` lower. */
  shiftRight(x: string, places: string): string {
    const output = this.#temporary()
    this.#to.push({
      op: 'BitShift',
      inputs: [x, places],
      outputs: [output],
      attributes: { direction: { string: 'RIGHT' } }
    })
    return output
  }

  int64(values: readonly number[]): string {
    return this.#constant(`int64 ${values.join()}`, 'int64', [values.length], () => BigInt64Array.from(values, BigInt))
  }

  scalar(value: number, type: DType = 'float32'): string {
    return this.#constant(`${type} ${value}`, type, [], () =>
      type === 'float32' ? Float32Array.of(value) : type === 'int32' ? Int32Array.of(value) : Uint8Array.of(value)
    )
  }

  /** A constant made once per key. */
  constant(
    key: string,
    shape: readonly number[],
    make: () => HostData | BigInt64Array,
    type: OnnxType = 'float32'
  ): string {
    return this.#constant(key, type, shape, make)
  }

  /** A subexpression made once per key. */
  once(key: string, make: () => string): string {
    const known = this.#memo.get(key)
    if (known !== undefined) return known
    const name = make()
    this.#memo.set(key, name)
    return name
  }

  /** What an earlier lowering left under this key. */
  recall(key: string): string | undefined {
    return this.#memo.get(key)
  }

  #constant(key: string, type: OnnxType, shape: readonly number[], make: () => OnnxInitializer['data']): string {
    return this.once(`constant ${key}`, () => {
      const name = `c${this.initializers.length}`
      this.initializers.push({ name, type, shape, data: make() })
      return name
    })
  }

  #add(
    domain: string,
    op: string,
    inputs: readonly string[],
    attributes: Attributes,
    outputs: readonly string[]
  ): string {
    this.#to.push({
      op,
      domain,
      inputs,
      outputs,
      attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, encode(value)]))
    })
    return outputs[0]
  }

  #temporary(): string {
    return `t${this.#temporaries++}`
  }
}

const encode = (value: Attributes[string]): OnnxAttribute =>
  typeof value === 'number' ? { int: value } : 'float' in value ? value : { ints: value }

/** No lowering for a kernel. */
export const kernelError = (kernel: string, detail: string) => executorKernelError('onnx', kernel, detail)

/** Adds the ONNX nodes of one graph node; its outputs must end up under `b.name(outputs[i])`. */
export type Lowering<K extends KernelName> = KernelLowering<OnnxBuilder, K>

/** How each kernel is lowered. */
export type Lowerings = LoweringTable<OnnxBuilder>
