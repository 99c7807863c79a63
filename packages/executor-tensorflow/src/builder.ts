import {
  executorKernelError,
  sizeOf,
  type DType,
  type Graph,
  type HostData,
  type KernelLowering,
  type KernelName,
  type LoweringTable,
  type ValueId,
  type ValueSpec
} from '@skipwise/runtime'
import type { Attribute, ConstantTensor, NodeDef, TensorFlowType } from './graph-def.js'
import { tensorOf, type TensorSpec } from './storage.js'

/** An output of a node, `name:index`. */
export type Ref = string

/** The type in which products are computed; everything else is float32. */
export type Precision = 'float32' | 'bfloat16'

/**
 * How products are computed. `rounded`: their operands are rounded to bfloat16, and multiplied as float32 numbers: the
 * same products, exact in float32, for a processor without instructions for bfloat16, which emulates them at a fifth of
 * the speed.
 */
export type Products = Precision | 'rounded'

/** Attributes of an operator: numbers are ints. */
type Attributes = Readonly<Record<string, Attribute | number | boolean>>

/** What an operator needs besides inputs and attributes. */
interface OpOptions {
  /** Element type of its first output; default: that of its first input. */
  readonly type?: TensorFlowType
  /** Nodes that must have run before. */
  readonly after?: readonly Ref[]
}

/** The context of a {@link GraphBuilder}. */
interface BuilderSetup {
  readonly graph: Graph
  /** Put before every node's name. */
  readonly prefix: string
  readonly products: Products
  /** Whether a softmax of bfloat16 is one of float32, rounded. */
  readonly narrowSoftmax: boolean
  /** Where an input of the graph comes from, by name. */
  readonly inputs: Readonly<Record<string, Ref>>
  /** By donated input: the output that takes its place, and the handle of the variable that holds both. */
  readonly donated: ReadonlyMap<ValueId, { readonly output: ValueId; readonly handle: Ref }>
}

/** Operators that have no attribute T. */
const withoutT = new Set(['GatherNd', 'LogicalAnd', 'LogicalOr', 'LogicalNot', 'Cast', 'GatherV2', 'Range', 'Empty'])

/** Collects the TensorFlow nodes of one graph; remembers the type of every output. */
export class GraphBuilder {
  readonly nodes: NodeDef[] = []
  readonly graph: Graph
  /** The node after which the variable of a donated output holds it, by value: see {@link update}. */
  readonly updated = new Map<ValueId, { handle: Ref; after: Ref }>()
  readonly #types = new Map<Ref, TensorFlowType>()
  readonly #refs = new Map<ValueId, Ref>()
  readonly #memo = new Map<string, Ref>()
  readonly #whenRead = new Map<ValueId, (after: readonly Ref[]) => Ref>()

  constructor(readonly setup: BuilderSetup) {
    this.graph = setup.graph
    for (const [name, id] of Object.entries(setup.graph.inputs)) {
      this.#types.set(setup.inputs[name], tensorOf(this.spec(id)).type)
      this.#refs.set(id, setup.inputs[name])
    }
    for (const [id, data] of setup.graph.constants)
      this.#refs.set(id, this.#constant({ type: this.spec(id).dtype, shape: this.spec(id).shape, data }))
  }

  spec(id: ValueId): ValueSpec {
    return this.graph.values[id]
  }

  /**
   * A value of the graph in its own type.
   *
   * @param after where it is made when it is read: what is awaited first
   */
  ref(id: ValueId, after: readonly Ref[] = []): Ref {
    const make = this.#whenRead.get(id)
    if (make) {
      this.#whenRead.delete(id)
      this.set(id, make(after))
    }
    const update = this.updated.get(id)
    if (update)
      return this.once(`updated ${id}`, () =>
        this.op(
          'ReadVariableOp',
          [update.handle],
          { dtype: { type: this.spec(id).dtype } },
          { type: this.spec(id).dtype, after: [update.after] }
        )
      )
    const ref = this.#refs.get(id)
    if (ref === undefined) throw new RangeError(`value ${id} is used before it is computed`)
    return this.float(ref)
  }

  /** Says where a value of the graph is. */
  set(id: ValueId, ref: Ref): void {
    this.#refs.set(id, ref)
  }

  /** Says how a value of the graph is made by its first reader. */
  setWhenRead(id: ValueId, make: (after: readonly Ref[]) => Ref): void {
    this.#whenRead.set(id, make)
  }

  /** Says that a value of the graph comes from outside: an output of a compiled function. */
  take(id: ValueId, ref: Ref): void {
    this.#types.set(ref, this.spec(id).dtype)
    this.#refs.set(id, ref)
  }

  /**
   * The variable that holds `input` and must hold `output` after the run, when the caller donated the one for the
   * other.
   */
  handleOf(input: ValueId, output: ValueId): Ref | undefined {
    const donation = this.setup.donated.get(input)
    return donation?.output === output ? donation.handle : undefined
  }

  /** Says that a variable holds a value once the node `after` has run. */
  update(id: ValueId, handle: Ref, after: Ref): void {
    this.updated.set(id, { handle, after })
  }

  typeOf(ref: Ref): TensorFlowType {
    return this.#types.get(ref) as TensorFlowType
  }

  /** Adds a node and returns its first output. */
  op(op: string, inputs: readonly Ref[], attributes: Attributes = {}, { type, after = [] }: OpOptions = {}): Ref {
    const first = inputs.length > 0 ? this.#types.get(inputs[0]) : undefined
    const resource = inputs[0] !== undefined && first === undefined
    const inferred: Attributes =
      resource || first === undefined || withoutT.has(op) || 'T' in attributes ? {} : { T: { type: first } }
    const name = this.#add(op, inputs, { ...inferred, ...attributes }, after)
    const output = type ?? first
    if (output) this.#types.set(`${name}:0`, output)
    return `${name}:0`
  }

  /** Adds a node with several outputs of these types. */
  multiple(
    op: string,
    inputs: readonly Ref[],
    attributes: Attributes,
    types: readonly TensorFlowType[],
    after: readonly Ref[] = []
  ): Ref[] {
    const name = this.#add(op, inputs, attributes, after)
    return types.map((type, index) => {
      this.#types.set(`${name}:${index}`, type)
      return `${name}:${index}`
    })
  }

  /**
   * Whether a node computes it here. Inputs are there from the start; to wait for one would read its variable, even
   * where it is fed.
   */
  isComputed(ref: Ref): boolean {
    return !Object.values(this.setup.inputs).includes(ref)
  }

  /** op(a) · op(b), in the precision of products: call {@link float} on what sums or exponentials follow. */
  matMul(a: Ref, b: Ref, { transA = false, transB = false, batched = false } = {}): Ref {
    const inputs = [a, b].map(x => (this.setup.products === 'rounded' ? this.float(this.product(x)) : this.product(x)))
    return batched
      ? this.op('BatchMatMulV2', inputs, { adj_x: transA, adj_y: transB })
      : this.op('MatMul', inputs, { transpose_a: transA, transpose_b: transB })
  }

  /** In the precision of products. */
  product(ref: Ref): Ref {
    return this.setup.products !== 'float32' && this.typeOf(ref) === 'float32' ? this.#cast(ref, 'bfloat16') : ref
  }

  /** In float32. */
  float(ref: Ref): Ref {
    return this.typeOf(ref) === 'bfloat16' ? this.#cast(ref, 'float32') : ref
  }

  /** A bfloat16 number in float32; {@link product} takes it as it was. */
  widen(ref: Ref, after: readonly Ref[] = []): Ref {
    return this.#cast(ref, 'float32', after)
  }

  #cast(ref: Ref, to: TensorFlowType, after: readonly Ref[] = []): Ref {
    return this.once(`cast ${ref} ${to}`, () => {
      const cast = this.cast(ref, to, after)
      // Back again is not a second rounding.
      if (to === 'float32') this.#memo.set(`cast ${cast} bfloat16`, ref)
      return cast
    })
  }

  cast(ref: Ref, to: TensorFlowType, after: readonly Ref[] = []): Ref {
    return this.op('Cast', [ref], { SrcT: { type: this.typeOf(ref) }, DstT: { type: to } }, { type: to, after })
  }

  reshape(x: Ref, shape: readonly number[]): Ref {
    return this.op('Reshape', [x, this.int32(shape)])
  }

  transpose(x: Ref, perm: readonly number[]): Ref {
    return this.op('Transpose', [x, this.int32(perm)])
  }

  slice(x: Ref, begin: readonly number[], size: readonly number[], after: readonly Ref[] = []): Ref {
    return this.op('Slice', [x, this.int32(begin), this.int32(size)], { Index: { type: 'int32' } }, { after })
  }

  concat(parts: readonly Ref[], axis: number): Ref {
    return parts.length === 1
      ? parts[0]
      : this.op('ConcatV2', [...parts, this.scalar(axis, 'int32')], { N: parts.length })
  }

  reduce(op: string, x: Ref, axes: readonly number[], keepDims = false): Ref {
    return this.op(op, [x, this.int32(axes)], { keep_dims: keepDims })
  }

  int32(values: readonly number[]): Ref {
    return this.constant(`int32 ${values.join()}`, { type: 'int32', shape: [values.length] }, () =>
      Int32Array.from(values)
    )
  }

  scalar(value: number, type: DType = 'float32'): Ref {
    return this.constant(`${type} scalar ${value}`, { type, shape: [] }, () =>
      type === 'float32' ? Float32Array.of(value) : type === 'int32' ? Int32Array.of(value) : Uint8Array.of(value)
    )
  }

  /** A constant made once per key. */
  constant(key: string, { type, shape }: TensorSpec, make: () => HostData): Ref {
    return this.once(`constant ${key}`, () => this.#constant({ type, shape, data: make() }))
  }

  /** A subexpression made once per key. */
  once(key: string, make: () => Ref): Ref {
    const known = this.#memo.get(key)
    if (known !== undefined) return known
    const ref = make()
    this.#memo.set(key, ref)
    return ref
  }

  /** What an earlier lowering left under this key. */
  recall(key: string): Ref | undefined {
    return this.#memo.get(key)
  }

  #constant(tensor: ConstantTensor): Ref {
    if (tensor.data.length !== sizeOf(tensor.shape))
      throw new RangeError(`${tensor.data.length} elements do not fill the shape [${tensor.shape.join()}]`)
    return this.op('Const', [], { dtype: { type: tensor.type }, value: { tensor } }, { type: tensor.type })
  }

  #add(op: string, inputs: readonly Ref[], attributes: Attributes, after: readonly Ref[]): string {
    const name = `${this.setup.prefix}${op}_${this.nodes.length}`
    const controls = [...new Set(after.map(ref => `^${ref.split(':')[0]}`))]
    this.nodes.push({
      name,
      op,
      inputs: [...inputs, ...controls],
      attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, encode(value)]))
    })
    return name
  }
}

const encode = (value: Attributes[string]): Attribute =>
  typeof value === 'number' ? { int: value } : typeof value === 'boolean' ? { bool: value } : value

/** No lowering for a kernel. */
export const kernelError = (kernel: string, detail: string) => executorKernelError('tensorflow', kernel, detail)

/** Adds the TensorFlow nodes of one graph node; says by `b.set` or `b.update` where its outputs are. */
export type Lowering<K extends KernelName> = KernelLowering<GraphBuilder, K>

/** How each kernel is lowered. */
export type Lowerings = LoweringTable<GraphBuilder>
