import { randomStream } from '@skipwise/core'
import { sizeOf, tf, type HostData, type TensorFunction, type ValueSpec } from '@skipwise/runtime'

/** A function of tensors to run on an executor and eagerly, with its inputs. */
export interface KernelCase {
  readonly label: string
  readonly inputs: Readonly<Record<string, CaseInput>>
  readonly fn: TensorFunction
}

/** An input of a {@link KernelCase}: a spec and its numbers. */
export interface CaseInput extends ValueSpec {
  /** Row-major. */
  readonly data: HostData
}

/** Standard normal numbers. */
export function normal(shape: readonly number[], seed = 0): CaseInput {
  const random = randomStream({ seed, stream: 'normal', index: sizeOf(shape) })
  return { shape, dtype: 'float32', data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal()) }
}

/** Numbers in (0.1, 2). */
export const positive = (shape: readonly number[], seed = 0): CaseInput => {
  const input = normal(shape, seed)
  return { ...input, data: Float32Array.from(input.data, x => 0.1 + (1.9 * Math.abs(x)) / (1 + Math.abs(x))) }
}

/** Integers in [0, below). */
export function integers(shape: readonly number[], below: number, seed = 0): CaseInput {
  const random = randomStream({ seed, stream: 'integers', index: sizeOf(shape) })
  return { shape, dtype: 'int32', data: Int32Array.from({ length: sizeOf(shape) }, () => random.integer(0, below - 1)) }
}

const bools = (shape: readonly number[], seed = 0): CaseInput => ({
  shape,
  dtype: 'bool',
  data: Uint8Array.from(integers(shape, 2, seed).data)
})

const unary = (ops: Record<string, (x: tf.Tensor) => tf.Tensor>, x: CaseInput): KernelCase[] =>
  Object.entries(ops).map(([label, op]) => ({ label, inputs: { x }, fn: inputs => ({ y: op(inputs.x) }) }))

/**
 * Every operation on equal shapes, on a vector that is broadcast over rows, and on a column that is broadcast over
 * columns.
 */
const binary = (
  ops: Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor>,
  make: (shape: number[], seed: number) => CaseInput
): KernelCase[] =>
  Object.entries(ops).flatMap(([label, op]) =>
    [[3, 4], [4], [3, 1], []].map(
      shape =>
        ({
          label: `${label} with [${shape.join()}]`,
          inputs: { a: make([3, 4], 1), b: make(shape, 2) },
          fn: ({ a, b }) => ({ left: op(a, b), right: op(b, a) })
        }) satisfies KernelCase
    )
  )

const reductions = { sum: tf.sum, mean: tf.mean, max: tf.max, min: tf.min, prod: tf.prod } as const

/** The tfjs kernels of `shapeRules`. */
export const kernelCases: readonly KernelCase[] = [
  ...unary(
    {
      neg: tf.neg,
      exp: tf.exp,
      abs: tf.abs,
      sigmoid: tf.sigmoid,
      tanh: tf.tanh,
      relu: tf.relu,
      erf: tf.erf,
      sin: tf.sin,
      cos: tf.cos,
      square: tf.square,
      sign: tf.sign,
      step: x => tf.step(x),
      zerosLike: tf.zerosLike,
      onesLike: tf.onesLike,
      softmax: x => tf.softmax(x),
      logSoftmax: x => tf.logSoftmax(x),
      'cast to int32': x => tf.cast(x, 'int32'),
      reshape: x => tf.reshape(x, [6, 4]),
      expandDims: x => tf.tile(tf.expandDims(x, 1), [1, 2, 1, 1]),
      transpose: x => tf.transpose(x, [2, 0, 1]),
      slice: x => tf.slice(x, [1, 0, 2], [1, 3, -1]),
      pad: x =>
        tf.pad(
          x,
          [
            [1, 0],
            [0, 2],
            [0, 0]
          ],
          0.5
        ),
      tile: x => tf.tile(x, [2, 1, 3]),
      concat: x => tf.concat([x, tf.neg(x), x], -1),
      fill: x => tf.add(x, tf.fill([3, 4], 2.5))
    },
    normal([2, 3, 4])
  ),
  ...unary(
    { log: tf.log, log1p: tf.log1p, sqrt: tf.sqrt, rsqrt: tf.rsqrt, reciprocal: tf.reciprocal },
    positive([2, 3])
  ),
  ...unary({ logicalNot: tf.logicalNot, 'cast from bool': x => tf.cast(x, 'float32') }, bools([2, 5])),
  ...unary(
    { 'cast from int32': x => tf.cast(x, 'float32'), 'one-hot': x => tf.oneHot(x as tf.Tensor1D, 5) },
    integers([7], 5)
  ),
  ...binary(
    {
      add: tf.add,
      sub: tf.sub,
      mul: tf.mul,
      maximum: tf.maximum,
      minimum: tf.minimum,
      squaredDifference: tf.squaredDifference
    },
    normal
  ),
  ...binary({ div: tf.div, pow: tf.pow }, positive),
  ...binary(
    {
      equal: tf.equal,
      notEqual: tf.notEqual,
      greater: tf.greater,
      greaterEqual: tf.greaterEqual,
      less: tf.less,
      lessEqual: tf.lessEqual
    },
    (shape, seed) => integers(shape, 3, seed)
  ),
  ...binary({ logicalAnd: tf.logicalAnd }, bools),
  ...Object.entries(reductions).flatMap(([label, op]) =>
    (
      [
        [2, false],
        [[0, 2], true],
        [-2, false],
        [undefined, false]
      ] as const
    ).map(([axis, keepDims]): KernelCase => ({
      label: `${label} over ${axis === undefined ? 'all' : String(axis)}`,
      inputs: { x: normal([2, 3, 4]) },
      fn: ({ x }) => ({ y: op(x, axis as number | number[] | undefined, keepDims) })
    }))
  ),
  {
    label: 'split',
    inputs: { x: normal([2, 7]) },
    fn: ({ x }) => {
      const [a, b, c] = tf.split(x, [3, 1, 3], 1)
      return { a, b, c: tf.neg(c) }
    }
  },
  {
    label: 'where',
    inputs: { mask: bools([3, 4]), x: normal([3, 4], 1), y: normal([3, 4], 2) },
    fn: ({ mask, x, y }) => ({ z: tf.where(mask, x, y) })
  },
  {
    label: 'gather',
    inputs: { x: normal([3, 5]), at: integers([2, 2], 5) },
    fn: ({ x, at }) => ({ rows: tf.gather(x, tf.minimum(at, tf.scalar(2, 'int32'))), columns: tf.gather(x, at, 1) })
  },
  {
    label: 'unsortedSegmentSum',
    inputs: { x: normal([6, 2]), at: integers([6], 4) },
    fn: ({ x, at }) => ({ y: tf.unsortedSegmentSum(x, at as tf.Tensor1D, 5) })
  },
  ...[
    [false, false],
    [false, true],
    [true, false],
    [true, true]
  ].map(([transposeA, transposeB]): KernelCase => ({
    label: `matMul${transposeA ? ', left transposed' : ''}${transposeB ? ', right transposed' : ''}`,
    inputs: { a: normal(transposeA ? [2, 4, 3] : [2, 3, 4], 1), b: normal(transposeB ? [2, 5, 4] : [2, 4, 5], 2) },
    fn: ({ a, b }) => ({ y: tf.matMul(a, b, transposeA, transposeB) })
  })),
  {
    label: 'matMul of matrices',
    inputs: { a: normal([3, 4], 1), b: normal([4, 5], 2) },
    fn: ({ a, b }) => ({ y: tf.matMul(a, b) })
  }
]
