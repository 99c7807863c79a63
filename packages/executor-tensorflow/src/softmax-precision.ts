import type { Binding } from './binding.js'
import { tensorFlowType, type NodeDef, type TensorFlowType } from './graph-def.js'
import { Session } from './session.js'
import { Staging } from './staging.js'

const WIDTH = 512

/**
 * Whether this TensorFlow's softmax of bfloat16 computes in float32 and rounds its results, as oneDNN's does and that of newer versions on a
 * GPU. Eigen's, on a CPU without oneDNN, rounds after every operation: probabilities were off by up to 9 %. Found out by trying.
 */
export function roundsSoftmaxOnce(binding: Binding): boolean {
  const to = (name: string, input: string, from: TensorFlowType, type: TensorFlowType): NodeDef => ({ name, op: 'Cast', inputs: [input], attributes: { SrcT: { type: from }, DstT: { type } } })
  const softmax = (name: string, input: string, type: TensorFlowType): NodeDef => ({ name, op: 'Softmax', inputs: [input], attributes: { T: { type } } })
  const session = new Session(binding, [
    { name: 'x', op: 'Placeholder', inputs: [], attributes: { dtype: { type: 'float32' }, shape: { shape: [1, WIDTH] } } },
    to('narrow', 'x:0', 'float32', 'bfloat16'),
    softmax('at_once', 'narrow:0', 'bfloat16'), to('a', 'at_once:0', 'bfloat16', 'float32'),
    to('wide', 'narrow:0', 'bfloat16', 'float32'), softmax('in_float32', 'wide:0', 'float32'), to('rounded', 'in_float32:0', 'float32', 'bfloat16'), to('b', 'rounded:0', 'bfloat16', 'float32')
  ], [])
  const spec = { shape: [1, WIDTH], dtype: 'float32' } as const
  const x = binding.createTensor(spec.shape, tensorFlowType.float32, new Staging().hold(spec, Float32Array.from({ length: WIDTH }, (_, i) => 4 * Math.sin(i))))
  const results = session.run([['x:0', x]], ['a:0', 'b:0']).map(({ id }) => id)
  try {
    const [a, b] = results.map(id => binding.tensorDataSync(id))
    return a.every((value, i) => value === b[i])
  } finally {
    for (const tensor of [x, ...results]) binding.deleteTensor(tensor)
    session.close()
  }
}
