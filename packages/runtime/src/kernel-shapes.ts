import type { ValueSpec } from './graph.js'
import type { AttributesOf, ByInput, TfjsKernels } from './kernel-types.js'

/** Output specs of a kernel from its input specs: what the kernel would compute, without computing it. */
export type ShapeRule<K extends keyof TfjsKernels> = {
  // a method, so that a rule of one kernel is a rule of any: AnyShapeRule
  rule(inputs: ByInput<K, ValueSpec>, attributes: AttributesOf<K>): readonly ValueSpec[]
}['rule']

/** A {@link ShapeRule} of any kernel. */
export type AnyShapeRule = {
  rule(inputs: Readonly<Record<string, ValueSpec>>, attributes: Readonly<Record<string, unknown>>): readonly ValueSpec[]
}['rule']

const unary: ShapeRule<'Neg'> = ({ x }) => [x]
const binary: ShapeRule<'Add'> = ({ a, b }) => [{ shape: broadcast(a.shape, b.shape), dtype: a.dtype }]
const comparison: ShapeRule<'Equal'> = ({ a, b }) => [{ shape: broadcast(a.shape, b.shape), dtype: 'bool' }]
const reduction: ShapeRule<'Sum'> = ({ x }, attributes) => [
  {
    shape: reduceShape(x.shape, reducedAxes(x.shape.length, attributes), attributes.keepDims ?? false),
    dtype: x.dtype
  }
]

/**
 * The axes that a reduction of a tensor of `rank` sums over, ≥ 0: tfjs calls them `axis` or `reductionIndices` (`Max`),
 * and leaves them out for all.
 */
export function reducedAxes(rank: number, { axis, reductionIndices }: AttributesOf<'Sum'>): number[] {
  const axes = axis ?? reductionIndices ?? Array.from({ length: rank }, (_, index) => index)
  return [axes].flat().map(index => (index < 0 ? index + rank : index))
}

/** tfjs kernels that a traced function may use (names: tfjs-core/src/kernel_names.ts). */
export const shapeRules: { readonly [K in keyof TfjsKernels]: ShapeRule<K> } = {
  Add: binary,
  Sub: binary,
  Multiply: binary,
  RealDiv: binary,
  Maximum: binary,
  Minimum: binary,
  Pow: binary,
  SquaredDifference: binary,
  Equal: comparison,
  NotEqual: comparison,
  Greater: comparison,
  GreaterEqual: comparison,
  Less: comparison,
  LessEqual: comparison,
  LogicalAnd: comparison,
  LogicalNot: ({ x }) => [{ shape: x.shape, dtype: 'bool' }],
  Neg: unary,
  Exp: unary,
  Log: unary,
  Log1p: unary,
  Sqrt: unary,
  Rsqrt: unary,
  Square: unary,
  Abs: unary,
  Sigmoid: unary,
  Tanh: unary,
  Relu: unary,
  Erf: unary,
  Sin: unary,
  Cos: unary,
  Reciprocal: unary,
  Sign: unary,
  Step: unary,
  ZerosLike: unary,
  OnesLike: unary,
  Identity: unary,
  Softmax: ({ logits }) => [logits],
  Cast: ({ x }, { dtype }) => [{ shape: x.shape, dtype }],
  Fill: (_, { shape, dtype }) => [{ shape, dtype: dtype ?? 'float32' }],
  Sum: reduction,
  Mean: reduction,
  Max: reduction,
  Min: reduction,
  Prod: reduction,
  Reshape: ({ x }, { shape }) => [{ shape, dtype: x.dtype }],
  ExpandDims: ({ input }, { dim }) => {
    const shape = [...input.shape]
    shape.splice(dim < 0 ? shape.length + 1 + dim : dim, 0, 1)
    return [{ shape, dtype: input.dtype }]
  },
  Transpose: ({ x }, { perm }) => [{ shape: perm.map(axis => x.shape[axis]), dtype: x.dtype }],
  Slice: ({ x }, { begin, size }) => [
    {
      shape: size.map((length, axis) => (length === -1 ? x.shape[axis] - begin[axis] : length)),
      dtype: x.dtype
    }
  ],
  PadV2: ({ x }, { paddings }) => [
    { shape: x.shape.map((size, axis) => size + paddings[axis][0] + paddings[axis][1]), dtype: x.dtype }
  ],
  Tile: ({ x }, { reps }) => [{ shape: x.shape.map((size, axis) => size * reps[axis]), dtype: x.dtype }],
  Concat: (inputs, { axis }) => {
    const parts = Object.values(inputs)
    const at = axis < 0 ? parts[0].shape.length + axis : axis
    const total = parts.reduce((sum, part) => sum + part.shape[at], 0)
    return [{ shape: parts[0].shape.map((size, index) => (index === at ? total : size)), dtype: parts[0].dtype }]
  },
  SplitV: ({ x }, { numOrSizeSplits, axis }) => {
    const at = axis < 0 ? x.shape.length + axis : axis
    const sizes =
      typeof numOrSizeSplits === 'number'
        ? Array<number>(numOrSizeSplits).fill(x.shape[at] / numOrSizeSplits)
        : numOrSizeSplits
    return sizes.map(length => ({
      shape: x.shape.map((size, index) => (index === at ? length : size)),
      dtype: x.dtype
    }))
  },
  Select: ({ condition, t, e }) => [{ shape: broadcast(broadcast(condition.shape, t.shape), e.shape), dtype: t.dtype }],
  GatherV2: ({ x, indices }, { axis }) => [
    {
      shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)],
      dtype: x.dtype
    }
  ],
  UnsortedSegmentSum: ({ x, segmentIds }, { numSegments }) => [
    { shape: [numSegments, ...x.shape.slice(segmentIds.shape.length)], dtype: x.dtype }
  ],
  OneHot: ({ indices }, { depth, dtype }) => [{ shape: [...indices.shape, depth], dtype: dtype ?? 'float32' }],
  BatchMatMul: ({ a, b }, { transposeA, transposeB }) => [
    {
      shape: [
        ...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)),
        a.shape.at(transposeA ? -1 : -2) as number,
        b.shape.at(transposeB ? -2 : -1) as number
      ],
      dtype: a.dtype
    }
  ]
}

/** NumPy broadcasting of two shapes. */
function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1
    const right = b[axis - rank + b.length] ?? 1
    return left === 1 ? right : left
  })
}

function reduceShape(shape: readonly number[], axes: readonly number[], keepDims: boolean): number[] {
  return shape.flatMap((size, index) => (axes.includes(index) ? (keepDims ? [1] : []) : [size]))
}
