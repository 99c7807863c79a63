import { isSkipwiseError } from '@skipwise/core'
import type { Binding } from './binding.js'
import { tensorFlowType, type NodeDef, type TensorFlowType } from './graph-def.js'
import { Session } from './session.js'
import { Staging } from './staging.js'

const WIDTH = 512

/**
 * Whether this TensorFlow's softmax of bfloat16 computes in float32 and rounds its results, as oneDNN's does. Eigen's,
 * on a CPU without oneDNN, rounds after every operation. Found out by trying, on a CPU; a TensorFlow that has no such
 * operator says so by refusing it.
 */
export function roundsSoftmaxOnce(binding: Binding): boolean {
  const spec = { shape: [1, WIDTH], dtype: 'float32' } as const
  const session = new Session(binding, probe, [])
  const x = binding.createTensor(
    spec.shape,
    tensorFlowType.float32,
    new Staging().hold(
      spec,
      Float32Array.from({ length: WIDTH }, (_, i) => 4 * Math.sin(i))
    )
  )
  let results: number[] = []
  try {
    results = session.run([['x:0', x]], ['direct:0', 'rounded:0']).map(({ id }) => id)
    const [direct, rounded] = results.map(id => binding.tensorDataSync(id))
    return direct.every((value, i) => value === rounded[i])
  } catch (error) {
    if (isSkipwiseError(error) && error.code === 'TENSORFLOW_RUN') return false
    throw error
  } finally {
    for (const tensor of [x, ...results]) binding.deleteTensor(tensor)
    session.close()
  }
}

const cast = (name: string, input: string, from: TensorFlowType, to: TensorFlowType): NodeDef => ({
  name,
  op: 'Cast',
  inputs: [input],
  attributes: { SrcT: { type: from }, DstT: { type: to } }
})
const softmax = (name: string, input: string, type: TensorFlowType): NodeDef => ({
  name,
  op: 'Softmax',
  inputs: [input],
  attributes: { T: { type } }
})

/**
 * `direct`: softmax of x in bfloat16. `rounded`: softmax of the same in float32, rounded to bfloat16. Both widened to
 * be read.
 */
const probe: readonly NodeDef[] = [
  {
    name: 'x',
    op: 'Placeholder',
    inputs: [],
    attributes: { dtype: { type: 'float32' }, shape: { shape: [1, WIDTH] } }
  },
  cast('narrow', 'x:0', 'float32', 'bfloat16'),
  softmax('narrow_softmax', 'narrow:0', 'bfloat16'),
  cast('direct', 'narrow_softmax:0', 'bfloat16', 'float32'),
  cast('wide', 'narrow:0', 'bfloat16', 'float32'),
  softmax('wide_softmax', 'wide:0', 'float32'),
  cast('rounding', 'wide_softmax:0', 'float32', 'bfloat16'),
  cast('rounded', 'rounding:0', 'bfloat16', 'float32')
]
