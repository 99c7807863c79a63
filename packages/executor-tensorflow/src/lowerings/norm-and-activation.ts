import type { GraphBuilder, Ref } from '../builder.js'
import type { Lowering } from '../lowering.js'

/** σ(gate), once: the backward pass reads the forward pass's. */
const sigmoidOf = (b: GraphBuilder, gate: Ref) => b.once(`sigmoid ${gate}`, () => b.op('Sigmoid', [gate]))
const siluOf = (b: GraphBuilder, gate: Ref) => b.once(`silu ${gate}`, () => b.op('Mul', [gate, sigmoidOf(b, gate)]))

export const normAndActivationLowerings: Readonly<Record<string, Lowering>> = {
  RmsNorm: (b, { inputs, outputs, attributes }) => {
    const x = b.ref(inputs.x), mean = b.reduce('Mean', b.op('Square', [x]), [1], true)
    const inverseRms = b.op('Rsqrt', [b.op('AddV2', [mean, b.scalar(attributes.epsilon as number)])])
    b.set(outputs[0], b.op('Mul', [b.op('Mul', [x, inverseRms]), b.ref(inputs.weight)]))
    b.set(outputs[1], inverseRms)
  },

  // With r = inverseRms and p = dy·x:  dw = Σ r·p,  dx = r·(dy·w) − x·(r³/d · Σ p·w). The sums are products with a vector.
  RmsNormGrad: (b, { inputs, outputs }) => {
    const [x, weight, inverseRms, dy] = [inputs.x, inputs.weight, inputs.inverseRms, inputs.dy].map(id => b.ref(id)), [N, d] = b.spec(inputs.x).shape
    const product = b.op('Mul', [dy, x])
    b.set(outputs[1], b.reshape(b.op('MatMul', [b.reshape(inverseRms, [1, N]), product], { transpose_a: false, transpose_b: false }), [d]))
    const projection = b.op('MatMul', [product, b.once(`column ${weight}`, () => b.reshape(weight, [d, 1]))], { transpose_a: false, transpose_b: false })
    const cube = b.op('Mul', [b.op('Mul', [b.op('Square', [inverseRms]), inverseRms]), b.scalar(1 / d)])
    const along = b.op('Mul', [x, b.op('Mul', [projection, cube])])
    b.set(outputs[0], b.op('Sub', [b.op('Mul', [b.op('Mul', [dy, weight]), inverseRms]), along]))
  },

  SwiGlu: (b, { inputs, outputs }) => b.set(outputs[0], b.op('Mul', [siluOf(b, b.ref(inputs.gate)), b.ref(inputs.up)])),

  // silu′ = σ·(1 + gate − silu)
  SwiGluGrad: (b, { inputs, outputs }) => {
    const [gate, up, dy] = [inputs.gate, inputs.up, inputs.dy].map(id => b.ref(id)), silu = siluOf(b, gate)
    b.set(outputs[1], b.op('Mul', [dy, silu]))
    const inner = b.op('AddV2', [b.op('Sub', [gate, silu]), b.scalar(1)])
    b.set(outputs[0], b.op('Mul', [b.op('Mul', [inner, sigmoidOf(b, gate)]), b.op('Mul', [dy, up])]))
  }
}
