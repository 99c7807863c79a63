import type { Lowering } from '../lowering.js'

export const normAndActivationLowerings: Readonly<Record<string, Lowering>> = {
  RmsNorm: (b, { inputs, outputs, attributes }) =>
    b.multiple('SimplifiedLayerNormalization', [b.name(inputs.x), b.name(inputs.weight)], { axis: -1, epsilon: { float: attributes.epsilon as number } }, outputs.map(id => b.name(id))),

  // With r = inverseRms and p = dy·x:  dw = Σ r·p,  dx = r·(dy·w) − x·(r³/d · Σ p·w). The sums are products with a vector.
  RmsNormGrad: (b, { inputs, outputs }) => {
    const [x, weight, inverseRms, dy] = [inputs.x, inputs.weight, inputs.inverseRms, inputs.dy].map(id => b.name(id)), [N, d] = b.spec(inputs.x).shape
    const product = b.op('Mul', [dy, x])
    b.reshape(b.op('MatMul', [b.reshape(inverseRms, [1, N]), product]), [d], b.name(outputs[1]))
    const projection = b.matMul(product, b.once(`column ${weight}`, () => b.reshape(weight, [d, 1])), { alpha: 1 / d })
    const cube = b.op('Mul', [b.op('Mul', [inverseRms, inverseRms]), inverseRms])
    const along = b.op('Mul', [x, b.op('Mul', [projection, cube])])
    b.op('Sub', [b.op('Mul', [b.op('Mul', [dy, weight]), inverseRms]), along], {}, b.name(outputs[0]))
  },

  // QuickGelu with alpha 1 is x·σ(x) in one pass.
  SwiGlu: (b, { inputs, outputs }) => {
    const gate = b.name(inputs.gate)
    b.op('Mul', [b.microsoft('QuickGelu', [gate], { alpha: { float: 1 } }), b.name(inputs.up)], {}, b.name(outputs[0]))
  },

  // silu′ = σ·(1 + gate − silu)
  SwiGluGrad: (b, { inputs, outputs }) => {
    const [gate, up, dy] = [inputs.gate, inputs.up, inputs.dy].map(id => b.name(id))
    const sigmoid = b.op('Sigmoid', [gate]), silu = b.op('Mul', [gate, sigmoid])
    b.op('Mul', [dy, silu], {}, b.name(outputs[1]))
    const inner = b.op('Add', [b.op('Sub', [gate, silu]), b.scalar(1)])
    b.op('Mul', [b.op('Mul', [inner, sigmoid]), b.op('Mul', [dy, up])], {}, b.name(outputs[0]))
  }
}
