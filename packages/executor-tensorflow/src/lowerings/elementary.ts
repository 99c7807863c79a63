import { reducedAxes } from '@skipwise/runtime'
import { kernelError, type Lowering, type Lowerings } from '../builder.js'
import type { TensorFlowType } from '../graph-def.js'

const unary =
  (op: string): Lowering<'Neg'> =>
  (b, { inputs, outputs }) =>
    b.set(outputs[0], b.op(op, [b.ref(inputs.x)]))
const binary =
  (op: string): Lowering<'Add'> =>
  (b, { inputs, outputs }) =>
    b.set(outputs[0], b.op(op, [b.ref(inputs.a), b.ref(inputs.b)]))
const comparison =
  (op: string): Lowering<'Equal'> =>
  (b, { inputs, outputs }) =>
    b.set(outputs[0], b.op(op, [b.ref(inputs.a), b.ref(inputs.b)], {}, { type: 'bool' }))
const reduction =
  (op: string): Lowering<'Sum'> =>
  (b, { inputs, outputs, attributes }) =>
    b.set(
      outputs[0],
      b.reduce(
        op,
        b.ref(inputs.x),
        reducedAxes(b.spec(inputs.x).shape.length, attributes),
        Boolean(attributes.keepDims)
      )
    )
/** tfjs kernels as TensorFlow operators. */
export const elementaryLowerings = {
  Add: binary('AddV2'),
  Sub: binary('Sub'),
  Multiply: binary('Mul'),
  RealDiv: binary('RealDiv'),
  Maximum: binary('Maximum'),
  Minimum: binary('Minimum'),
  Pow: binary('Pow'),
  SquaredDifference: binary('SquaredDifference'),
  Equal: comparison('Equal'),
  NotEqual: comparison('NotEqual'),
  Greater: comparison('Greater'),
  GreaterEqual: comparison('GreaterEqual'),
  Less: comparison('Less'),
  LessEqual: comparison('LessEqual'),
  LogicalAnd: binary('LogicalAnd'),
  LogicalNot: unary('LogicalNot'),
  Neg: unary('Neg'),
  Exp: unary('Exp'),
  Log: unary('Log'),
  Log1p: unary('Log1p'),
  Sqrt: unary('Sqrt'),
  Rsqrt: unary('Rsqrt'),
  Square: unary('Square'),
  Abs: unary('Abs'),
  Sigmoid: unary('Sigmoid'),
  Tanh: unary('Tanh'),
  Relu: unary('Relu'),
  Erf: unary('Erf'),
  Sin: unary('Sin'),
  Cos: unary('Cos'),
  Reciprocal: unary('Reciprocal'),
  Sign: unary('Sign'),
  ZerosLike: unary('ZerosLike'),
  OnesLike: unary('OnesLike'),
  Identity: unary('Identity'),
  Sum: reduction('Sum'),
  Mean: reduction('Mean'),
  Max: reduction('Max'),
  Min: reduction('Min'),
  Prod: reduction('Prod'),
  Reshape: (b, { inputs, outputs }) => b.set(outputs[0], b.reshape(b.ref(inputs.x), b.spec(outputs[0]).shape)),
  ExpandDims: (b, { inputs, outputs }) => b.set(outputs[0], b.reshape(b.ref(inputs.input), b.spec(outputs[0]).shape)),
  Step: (b, { inputs, outputs, attributes }) => {
    if (attributes.alpha) throw kernelError('Step', 'alpha other than 0')
    b.set(outputs[0], b.cast(b.op('Greater', [b.ref(inputs.x), b.scalar(0)], {}, { type: 'bool' }), 'float32'))
  },
  Softmax: (b, { inputs, outputs, attributes }) => {
    if (attributes.dim !== b.spec(inputs.logits).shape.length - 1)
      throw kernelError('Softmax', 'over another axis than the last')
    b.set(outputs[0], b.op('Softmax', [b.ref(inputs.logits)]))
  },
  Cast: (b, { inputs, outputs }) => b.set(outputs[0], b.cast(b.ref(inputs.x), b.spec(outputs[0]).dtype)),
  Fill: (b, { outputs, attributes }) => {
    const { shape, dtype } = b.spec(outputs[0])
    b.set(
      outputs[0],
      b.op(
        'Fill',
        [b.int32(shape), b.scalar(attributes.value, dtype)],
        { T: { type: dtype }, index_type: { type: 'int32' } },
        { type: dtype }
      )
    )
  },
  Transpose: (b, { inputs, outputs, attributes }) => b.set(outputs[0], b.transpose(b.ref(inputs.x), attributes.perm)),
  Slice: (b, { inputs, outputs, attributes }) =>
    b.set(outputs[0], b.slice(b.ref(inputs.x), attributes.begin, b.spec(outputs[0]).shape)),
  PadV2: (b, { inputs, outputs, attributes }) => {
    const paddings = attributes.paddings
    const { dtype } = b.spec(inputs.x)
    const table = b.constant(`paddings ${paddings.join()}`, { type: 'int32', shape: [paddings.length, 2] }, () =>
      Int32Array.from(paddings.flat())
    )
    b.set(outputs[0], b.op('PadV2', [b.ref(inputs.x), table, b.scalar(attributes.constantValue, dtype)]))
  },
  Tile: (b, { inputs, outputs, attributes }) =>
    b.set(outputs[0], b.op('Tile', [b.ref(inputs.x), b.int32(attributes.reps)])),
  Concat: (b, { inputs, outputs, attributes }) =>
    b.set(
      outputs[0],
      b.concat(
        Object.values(inputs).map(id => b.ref(id)),
        attributes.axis
      )
    ),
  SplitV: (b, { inputs, outputs, attributes }) => {
    const axis = attributes.axis
    const { shape, dtype } = b.spec(inputs.x)
    const at = axis < 0 ? shape.length + axis : axis
    const sizes = b.int32(outputs.map(id => b.spec(id).shape[at]))
    const parts = b.multiple(
      'SplitV',
      [b.ref(inputs.x), sizes, b.scalar(at, 'int32')],
      { T: { type: dtype }, num_split: outputs.length, Tlen: { type: 'int32' } },
      outputs.map(() => dtype)
    )
    outputs.forEach((id, i) => b.set(id, parts[i]))
  },
  Select: (b, { inputs, outputs }) => {
    const { dtype } = b.spec(outputs[0])
    b.set(
      outputs[0],
      b.op(
        'SelectV2',
        [b.ref(inputs.condition), b.ref(inputs.t), b.ref(inputs.e)],
        { T: { type: dtype } },
        { type: dtype }
      )
    )
  },
  GatherV2: (b, { inputs, outputs, attributes }) => {
    if (attributes.batchDims) throw kernelError('GatherV2', 'batchDims other than 0')
    const x = b.ref(inputs.x)
    b.set(
      outputs[0],
      b.op('GatherV2', [x, b.ref(inputs.indices), b.scalar(attributes.axis, 'int32')], gatherTypes(b.typeOf(x)))
    )
  },
  UnsortedSegmentSum: (b, { inputs, outputs, attributes }) =>
    b.set(
      outputs[0],
      b.op(
        'UnsortedSegmentSum',
        [b.ref(inputs.x), b.ref(inputs.segmentIds), b.scalar(attributes.numSegments, 'int32')],
        { Tindices: { type: 'int32' }, Tnumsegments: { type: 'int32' } }
      )
    ),
  OneHot: (b, { inputs, outputs, attributes }) => {
    const { onValue = 1, offValue = 0, depth } = attributes
    const { dtype } = b.spec(outputs[0])
    const operands = [
      b.ref(inputs.indices),
      b.scalar(depth, 'int32'),
      b.scalar(onValue, dtype),
      b.scalar(offValue, dtype)
    ]
    b.set(
      outputs[0],
      b.op('OneHot', operands, { T: { type: dtype }, TI: { type: 'int32' }, axis: -1 }, { type: dtype })
    )
  },
  BatchMatMul: (b, { inputs, outputs, attributes }) => {
    const batched = b.spec(outputs[0]).shape.length > 2
    const a = b.ref(inputs.a)
    b.set(
      outputs[0],
      b.matMul(a, b.ref(inputs.b, [a]), {
        transA: Boolean(attributes.transposeA),
        transB: Boolean(attributes.transposeB),
        batched
      })
    )
  }
} satisfies Partial<Lowerings>

/** Type attributes of `GatherV2` with int32 indices. */
export const gatherTypes = (type: TensorFlowType) =>
  ({ Tparams: { type }, Tindices: { type: 'int32' }, Taxis: { type: 'int32' } }) as const
