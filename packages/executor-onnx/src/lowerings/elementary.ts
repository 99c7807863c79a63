import { reducedAxes } from '@skipwise/runtime'
import { kernelError, type Lowering, type Lowerings } from '../builder.js'
import { onnxType } from '../onnx-model.js'

/** A kernel with one input that is one ONNX operator. */
const unary =
  (op: string): Lowering<'Neg'> =>
  (b, { inputs, outputs }) =>
    void b.op(op, [b.name(inputs.x)], {}, b.name(outputs[0]))
const binary =
  (op: string): Lowering<'Add'> =>
  (b, { inputs, outputs }) =>
    void b.op(op, [b.name(inputs.a), b.name(inputs.b)], {}, b.name(outputs[0]))

const reduction =
  (op: string): Lowering<'Sum'> =>
  (b, { inputs, outputs, attributes }) => {
    const axes = reducedAxes(b.spec(inputs.x).shape.length, attributes)
    b.reduce(op, b.name(inputs.x), axes, attributes.keepDims ? 1 : 0, b.name(outputs[0]))
  }

const filled =
  (value: number): Lowering<'ZerosLike'> =>
  (b, { inputs, outputs }) => {
    const { shape, dtype } = b.spec(inputs.x)
    b.op('Expand', [b.scalar(value, dtype), b.int64(shape)], {}, b.name(outputs[0]))
  }

/** tfjs kernels as ONNX operators. */
export const elementaryLowerings = {
  Add: binary('Add'),
  Sub: binary('Sub'),
  Multiply: binary('Mul'),
  RealDiv: binary('Div'),
  Maximum: binary('Max'),
  Minimum: binary('Min'),
  Pow: binary('Pow'),
  Equal: binary('Equal'),
  Greater: binary('Greater'),
  GreaterEqual: binary('GreaterOrEqual'),
  Less: binary('Less'),
  LessEqual: binary('LessOrEqual'),
  LogicalAnd: binary('And'),
  LogicalNot: unary('Not'),
  Neg: unary('Neg'),
  Exp: unary('Exp'),
  Log: unary('Log'),
  Sqrt: unary('Sqrt'),
  Abs: unary('Abs'),
  Sigmoid: unary('Sigmoid'),
  Tanh: unary('Tanh'),
  Relu: unary('Relu'),
  Erf: unary('Erf'),
  Sin: unary('Sin'),
  Cos: unary('Cos'),
  Reciprocal: unary('Reciprocal'),
  Sign: unary('Sign'),
  Identity: unary('Identity'),
  Sum: reduction('ReduceSum'),
  Mean: reduction('ReduceMean'),
  Max: reduction('ReduceMax'),
  Min: reduction('ReduceMin'),
  Prod: reduction('ReduceProd'),
  ZerosLike: filled(0),
  OnesLike: filled(1),
  NotEqual: (b, { inputs, outputs }) =>
    void b.op('Not', [b.op('Equal', [b.name(inputs.a), b.name(inputs.b)])], {}, b.name(outputs[0])),
  SquaredDifference: (b, { inputs, outputs }) => {
    const difference = b.op('Sub', [b.name(inputs.a), b.name(inputs.b)])
    b.op('Mul', [difference, difference], {}, b.name(outputs[0]))
  },
  Square: (b, { inputs, outputs }) => void b.op('Mul', [b.name(inputs.x), b.name(inputs.x)], {}, b.name(outputs[0])),
  Rsqrt: (b, { inputs, outputs }) =>
    void b.op('Reciprocal', [b.op('Sqrt', [b.name(inputs.x)])], {}, b.name(outputs[0])),
  Log1p: (b, { inputs, outputs }) =>
    void b.op('Log', [b.op('Add', [b.name(inputs.x), b.scalar(1)])], {}, b.name(outputs[0])),
  Step: (b, { inputs, outputs, attributes }) => {
    if (attributes.alpha) throw kernelError('Step', 'alpha other than 0')
    const positive = b.op('Greater', [b.name(inputs.x), b.scalar(0)])
    b.op('Cast', [positive], { to: onnxType.float32 }, b.name(outputs[0]))
  },
  Softmax: (b, { inputs, outputs, attributes }) =>
    void b.op('Softmax', [b.name(inputs.logits)], { axis: attributes.dim }, b.name(outputs[0])),
  Cast: (b, { inputs, outputs }) =>
    void b.op('Cast', [b.name(inputs.x)], { to: onnxType[b.spec(outputs[0]).dtype] }, b.name(outputs[0])),
  Fill: (b, { outputs, attributes }) => {
    const { shape, dtype } = b.spec(outputs[0])
    b.op('Expand', [b.scalar(attributes.value, dtype), b.int64(shape)], {}, b.name(outputs[0]))
  },
  Reshape: (b, { inputs, outputs }) => void b.reshape(b.name(inputs.x), b.spec(outputs[0]).shape, b.name(outputs[0])),
  ExpandDims: (b, { inputs, outputs }) =>
    void b.reshape(b.name(inputs.input), b.spec(outputs[0]).shape, b.name(outputs[0])),
  Transpose: (b, { inputs, outputs, attributes }) =>
    void b.transpose(b.name(inputs.x), attributes.perm, b.name(outputs[0])),
  Slice: (b, { inputs, outputs, attributes }) => {
    const begin = attributes.begin
    const { shape } = b.spec(outputs[0])
    b.op(
      'Slice',
      [
        b.name(inputs.x),
        b.int64(begin),
        b.int64(begin.map((start, axis) => start + shape[axis])),
        b.int64(begin.map((_, axis) => axis))
      ],
      {},
      b.name(outputs[0])
    )
  },
  PadV2: (b, { inputs, outputs, attributes }) => {
    const paddings = attributes.paddings
    const { dtype } = b.spec(inputs.x)
    b.op(
      'Pad',
      [
        b.name(inputs.x),
        b.int64([...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)]),
        b.scalar(attributes.constantValue, dtype)
      ],
      {},
      b.name(outputs[0])
    )
  },
  Tile: (b, { inputs, outputs, attributes }) =>
    void b.op('Tile', [b.name(inputs.x), b.int64(attributes.reps)], {}, b.name(outputs[0])),
  Concat: (b, { inputs, outputs, attributes }) =>
    void b.op(
      'Concat',
      Object.values(inputs).map(id => b.name(id)),
      { axis: attributes.axis },
      b.name(outputs[0])
    ),
  SplitV: (b, { inputs, outputs, attributes }) => {
    const axis = attributes.axis
    const at = axis < 0 ? b.spec(inputs.x).shape.length + axis : axis
    b.multiple(
      'Split',
      [b.name(inputs.x), b.int64(outputs.map(id => b.spec(id).shape[at]))],
      { axis: at },
      outputs.map(id => b.name(id))
    )
  },
  Select: (b, { inputs, outputs }) =>
    void b.op('Where', [b.name(inputs.condition), b.name(inputs.t), b.name(inputs.e)], {}, b.name(outputs[0])),
  GatherV2: (b, { inputs, outputs, attributes }) => {
    if (attributes.batchDims) throw kernelError('GatherV2', 'batchDims other than 0')
    b.op('Gather', [b.name(inputs.x), b.name(inputs.indices)], { axis: attributes.axis }, b.name(outputs[0]))
  },
  UnsortedSegmentSum: (b, { inputs, outputs }) => {
    const { shape } = b.spec(outputs[0])
    const ids = b.spec(inputs.segmentIds).shape
    const indices = b.op('Cast', [b.reshape(b.name(inputs.segmentIds), [...ids, 1])], { to: 7 })
    b.scatterAdd(b.op('Expand', [b.scalar(0), b.int64(shape)]), indices, b.name(inputs.x), b.name(outputs[0]))
  },
  OneHot: (b, { inputs, outputs, attributes }) => {
    const { onValue = 1, offValue = 0, depth } = attributes
    const values = b.constant(`one-hot ${offValue} ${onValue}`, [2], () => Float32Array.of(offValue, onValue))
    const hot = b.op('OneHot', [b.op('Cast', [b.name(inputs.indices)], { to: 7 }), b.int64([depth]), values], {
      axis: -1
    })
    b.op('Cast', [hot], { to: onnxType[b.spec(outputs[0]).dtype] }, b.name(outputs[0]))
  },
  BatchMatMul: (b, { inputs, outputs, attributes }) =>
    void b.matMul(
      b.name(inputs.a),
      b.name(inputs.b),
      { transA: Boolean(attributes.transposeA), transB: Boolean(attributes.transposeB) },
      b.name(outputs[0])
    )
} satisfies Partial<Lowerings>
