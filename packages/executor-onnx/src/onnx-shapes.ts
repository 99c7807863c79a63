import { onnxType, type OnnxGraph, type OnnxNode, type OnnxType } from './onnx-model.js'

/** Shape and element type of a tensor of a model. */
export interface TensorSpec {
  readonly shape: readonly number[]
  readonly type: OnnxType
}

const BYTES: Readonly<Record<OnnxType, number>> = {
  float32: 4,
  int32: 4,
  int64: 8,
  bool: 1,
  uint8: 1,
  int8: 1,
  uint16: 2,
  float16: 2,
  bfloat16: 2
}

/** Bytes of a tensor. */
export const bytesOf = ({ shape, type }: TensorSpec): number =>
  shape.reduce((product, size) => product * size, 1) * BYTES[type]

/** What shape rules see of a node. */
interface Context {
  readonly inputs: readonly TensorSpec[]
  /** The numbers of an input that is a constant. */
  readonly constant: (index: number) => readonly number[]
  readonly int: (name: string, otherwise?: number) => number
  readonly ints: (name: string) => readonly number[]
}
type Rule = (node: Context) => readonly TensorSpec[]

const first: Rule = ({ inputs }) => [inputs[0]]
const broadcasting =
  (type?: OnnxType): Rule =>
  ({ inputs }) => [
    { shape: inputs.map(({ shape }) => shape).reduce(broadcast), type: type ?? inputs[inputs.length - 1].type }
  ]
const at = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis)
const replaced = (shape: readonly number[], axis: number, size: number) =>
  shape.map((old, i) => (i === axis ? size : old))
const norm: Rule = ({ inputs: [x] }) => [
  x,
  { ...x, shape: [...x.shape.slice(0, -1), 1] },
  { ...x, shape: [...x.shape.slice(0, -1), 1] }
]
const reduction =
  (axesOf: (node: Context) => readonly number[]): Rule =>
  node => {
    const [{ shape, type }] = node.inputs
    const axes = new Set(axesOf(node).map(axis => at(axis, shape.length)))
    return [
      {
        shape: node.int('keepdims', 1)
          ? shape.map((size, i) => (axes.has(i) ? 1 : size))
          : shape.filter((_, i) => !axes.has(i)),
        type
      }
    ]
  }
const product: Rule = node => {
  const [a, b] = node.inputs
  const turned = (shape: readonly number[], flag: string) =>
    node.int(flag, 0) ? [...shape.slice(0, -2), shape[shape.length - 1], shape[shape.length - 2]] : shape
  const left = turned(a.shape, 'transA')
  const right = turned(b.shape, 'transB')
  return [
    {
      shape: [...broadcast(left.slice(0, -2), right.slice(0, -2)), left[left.length - 2], right[right.length - 1]],
      type: a.type
    }
  ]
}

/** The type that `to` names. */
const typed: Rule = node => [
  {
    ...node.inputs[0],
    type: (Object.keys(onnxType) as OnnxType[]).find(type => onnxType[type] === node.int('to')) ?? 'float32'
  }
]

/** Rules of the operators whose output is not shaped like their first input. */
const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(
    ['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Pow', 'Sum', 'Where'].map(op => [op, broadcasting()])
  ),
  ...Object.fromEntries(
    ['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'And', 'Or'].map(op => [op, broadcasting('bool')])
  ),
  MatMul: product,
  FusedMatMul: product,
  SimplifiedLayerNormalization: ({ inputs: [x] }) => [x, { ...x, shape: [...x.shape.slice(0, -1), 1] }],
  LayerNormalization: norm,
  ...Object.fromEntries(
    ['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd'].map(op => [
      op,
      reduction(node => [...node.ints('axes'), ...(node.inputs.length > 1 ? node.constant(1) : [])])
    ])
  ),
  Cast: typed,
  BitCast: typed,
  DequantizeLinear: ({ inputs: [x, scale] }) => [{ ...x, type: scale.type }],
  Reshape: node => {
    const [{ shape, type }] = node.inputs
    const asked = node.constant(1)
    const known = asked.reduce((product, size) => (size < 0 ? product : product * size), 1)
    return [
      {
        shape: asked.map(size => (size < 0 ? shape.reduce((product, length) => product * length, 1) / known : size)),
        type
      }
    ]
  },
  Transpose: node => [{ shape: node.ints('perm').map(axis => node.inputs[0].shape[axis]), type: node.inputs[0].type }],
  Expand: node => [{ shape: broadcast(node.inputs[0].shape, node.constant(1)), type: node.inputs[0].type }],
  Slice: node => {
    const [{ shape, type }] = node.inputs
    const begins = node.constant(1)
    const ends = node.constant(2)
    // a range that only a run knows: all of it at most
    if (begins.length === 0 || ends.length === 0) return [{ shape, type }]
    return [
      {
        shape: node
          .constant(3)
          .reduce<readonly number[]>(
            (sizes, axis, i) => replaced(sizes, at(axis, shape.length), ends[i] - begins[i]),
            shape
          ),
        type
      }
    ]
  },
  Pad: node => {
    const [{ shape, type }] = node.inputs
    const pads = node.constant(1)
    // as far as only a run knows it: to the size from which a range of its own was cut
    if (pads.length === 0) return [{ shape, type }]
    return [{ shape: shape.map((size, i) => size + pads[i] + pads[i + shape.length]), type }]
  },
  Tile: node => [
    { shape: node.inputs[0].shape.map((size, i) => size * node.constant(1)[i]), type: node.inputs[0].type }
  ],
  Concat: node => {
    const [{ shape, type }] = node.inputs
    const axis = at(node.int('axis'), shape.length)
    return [
      {
        shape: replaced(
          shape,
          axis,
          node.inputs.reduce((sum, input) => sum + input.shape[axis], 0)
        ),
        type
      }
    ]
  },
  Split: node =>
    node
      .constant(1)
      .map(size => ({ shape: replaced(node.inputs[0].shape, node.int('axis', 0), size), type: node.inputs[0].type })),
  Gather: node => {
    const [x, indices] = node.inputs
    const axis = node.int('axis', 0)
    return [{ shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)], type: x.type }]
  },
  GatherElements: ({ inputs: [x, indices] }) => [{ shape: indices.shape, type: x.type }],
  OneHot: node => [{ shape: [...node.inputs[0].shape, node.constant(1)[0]], type: node.inputs[2].type }],
  SequenceEmpty: () => []
}

/**
 * Shapes of every tensor of a model whose inputs and constants have fixed ones, by name. Operators without a rule give
 * what they take.
 */
export function inferShapes({
  nodes,
  inputs,
  initializers
}: Pick<OnnxGraph, 'nodes' | 'inputs' | 'initializers'>): Map<string, TensorSpec> {
  const specs = new Map<string, TensorSpec>(
    [...inputs, ...initializers].map(({ name, shape, type }) => [name, { shape, type }])
  )
  const constants = new Map(initializers.map(({ name, data }) => [name, data]))
  for (const node of nodes) {
    const of = (index: number) => specs.get(node.inputs[index]) as TensorSpec
    const context: Context = {
      inputs: node.inputs.map((_, i) => of(i)).filter(spec => spec !== undefined),
      constant: index => Array.from((constants.get(node.inputs[index]) ?? []) as ArrayLike<number | bigint>, Number),
      int: (name, otherwise) => intOf(node, name) ?? (otherwise as number),
      ints: name => intsOf(node, name)
    }
    const outputs = (rules[node.op] ?? first)(context)
    node.outputs.forEach((name, i) => outputs[i] && specs.set(name, outputs[i]))
  }
  return specs
}

function intOf({ attributes }: OnnxNode, name: string): number | undefined {
  const attribute = attributes?.[name]
  return attribute && 'int' in attribute ? attribute.int : undefined
}

function intsOf({ attributes }: OnnxNode, name: string): readonly number[] {
  const attribute = attributes?.[name]
  return attribute && 'ints' in attribute ? attribute.ints : []
}

/** Shape of an elementwise operation, aligned at the last axis. */
function broadcast(a: readonly number[], b: readonly number[]): readonly number[] {
  const rank = Math.max(a.length, b.length)
  const sizeAt = (shape: readonly number[], axis: number) => shape[axis - rank + shape.length] ?? 1
  return Array.from({ length: rank }, (_, axis) => Math.max(sizeAt(a, axis), sizeAt(b, axis)))
}
