import type { Lowering } from '../lowering.js'

export const normAndActivationLowerings: Readonly<Record<string, Lowering>> = {
  RmsNorm: (b, { inputs, outputs, attributes }) =>
    b.multiple('SimplifiedLayerNormalization', [b.name(inputs.x), b.name(inputs.weight)], { axis: -1, epsilon: { float: attributes.epsilon as number } }, outputs.map(id => b.name(id))),

  RmsNormGrad: (b, { inputs, outputs }) => {
    const [x, weight, inverseRms, dy] = [inputs.x, inputs.weight, inputs.inverseRms, inputs.dy].map(id => b.name(id)), [N, d] = b.spec(inputs.x).shape
    const normalised = b.op('Mul', [x, inverseRms]), dyTimesNormalised = b.op('Mul', [dy, normalised])
    // Both reductions of dy·x̂ are products with a vector: with ones over rows, with weight/d over columns.
    const ones = b.constant(`ones 1,${N}`, [1, N], () => new Float32Array(N).fill(1))
    b.reshape(b.op('MatMul', [ones, dyTimesNormalised]), [d], b.name(outputs[1]))
    const projection = b.matMul(dyTimesNormalised, b.once(`column ${weight}`, () => b.reshape(weight, [d, 1])), { alpha: 1 / d })
    const difference = b.op('Sub', [b.op('Mul', [dy, weight]), b.op('Mul', [normalised, projection])])
    b.op('Mul', [difference, inverseRms], {}, b.name(outputs[0]))
  },

  // QuickGelu with alpha 1 is x·σ(x) in one pass.
  SwiGlu: (b, { inputs, outputs }) => {
    const gate = b.name(inputs.gate)
    const silu = b.once(`silu ${gate}`, () => b.microsoft('QuickGelu', [gate], { alpha: { float: 1 } }))
    b.op('Mul', [silu, b.name(inputs.up)], {}, b.name(outputs[0]))
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
