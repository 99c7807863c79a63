import type { Lowerings } from '../builder.js'

export const normAndActivationLowerings = {
  RmsNorm: (b, { inputs, outputs, attributes }) =>
    b.multiple(
      'SimplifiedLayerNormalization',
      [b.name(inputs.x), b.name(inputs.weight)],
      { axis: -1, epsilon: { float: attributes.epsilon } },
      outputs.map(id => b.name(id))
    ),

  // With r = inverseRms and p = dy·x:  dw = Σ r·p,  dx = r·(dy·w) − x·(r³/d · Σ p·w). The sums are products with a
  // vector.
  RmsNormGrad: (b, { inputs, outputs }) => {
    const [x, weight, inverseRms, dy] = [inputs.x, inputs.weight, inputs.inverseRms, inputs.dy].map(id => b.name(id))
    const [N, d] = b.spec(inputs.x).shape
    const product = b.op('Mul', [dy, x])
    b.reshape(b.op('MatMul', [b.reshape(inverseRms, [1, N]), product]), [d], b.name(outputs[1]))
    const projection = b.matMul(
      product,
      b.once(`column ${weight}`, () => b.reshape(weight, [d, 1])),
      { alpha: 1 / d }
    )
    const cube = b.op('Mul', [b.op('Mul', [inverseRms, inverseRms]), inverseRms])
    const along = b.op('Mul', [x, b.op('Mul', [projection, cube])])
    b.op('Sub', [b.op('Mul', [b.op('Mul', [dy, weight]), inverseRms]), along], {}, b.name(outputs[0]))
  },

  LayerNorm: (b, { inputs, outputs, attributes }) =>
    b.multiple(
      'LayerNormalization',
      [inputs.x, inputs.weight, inputs.bias].map(id => b.name(id)),
      { axis: -1, epsilon: { float: attributes.epsilon } },
      outputs.map(id => b.name(id))
    ),

  LayerNormGrad: (b, { inputs, outputs }) => {
    const [x, weight, mean, inverseDeviation, dy] = [
      inputs.x,
      inputs.weight,
      inputs.mean,
      inputs.inverseDeviation,
      inputs.dy
    ].map(id => b.name(id))
    const [N, d] = b.spec(inputs.x).shape
    const ones = b.constant(`ones 1 ${N}`, [1, N], () => new Float32Array(N).fill(1))
    const sumRows = (rows: string, output: string) => b.reshape(b.op('MatMul', [ones, rows]), [d], output)
    const normalised = b.op('Mul', [b.op('Sub', [x, mean]), inverseDeviation])
    const product = b.op('Mul', [dy, normalised])
    sumRows(product, b.name(outputs[1]))
    sumRows(dy, b.name(outputs[2]))
    // The means of dy·w and of dy·w·x̂ are products with a vector.
    const column = b.once(`column ${weight}`, () => b.reshape(weight, [d, 1]))
    const meanOf = (rows: string) => b.matMul(rows, column, { alpha: 1 / d })
    const along = b.op('Add', [b.op('Mul', [normalised, meanOf(product)]), meanOf(dy)])
    b.op('Mul', [b.op('Sub', [b.op('Mul', [dy, weight]), along]), inverseDeviation], {}, b.name(outputs[0]))
  },

  TanhGelu: (b, { inputs, outputs }) => void b.microsoft('FastGelu', [b.name(inputs.x)], {}, [b.name(outputs[0])]),

  // With t the tanh of the forward pass and u = x·(1 − t)·√(2/π)·(1 + 3·0.044715·x²):  slope = ½·(1 + t)·(1 + u)
  TanhGeluGrad: (b, { inputs, outputs }) => {
    const [x, dy] = [inputs.x, inputs.dy].map(id => b.name(id))
    const A = Math.sqrt(2 / Math.PI)
    const B = 0.044715
    const multiply = (p: string, q: string) => b.op('Mul', [p, q])
    const add = (p: string, q: string) => b.op('Add', [p, q])
    const square = multiply(x, x)
    const one = b.scalar(1)
    const t = b.op('Tanh', [multiply(x, add(multiply(square, b.scalar(A * B)), b.scalar(A)))])
    const u = multiply(multiply(x, b.op('Sub', [one, t])), add(multiply(square, b.scalar(3 * A * B)), b.scalar(A)))
    const slope = multiply(multiply(add(t, one), b.scalar(0.5)), add(u, one))
    b.op('Mul', [slope, dy], {}, b.name(outputs[0]))
  },

  // QuickGelu with alpha 1 is x·σ(x) in one pass.
  SwiGlu: (b, { inputs, outputs }) => {
    const gate = b.name(inputs.gate)
    b.op('Mul', [b.microsoft('QuickGelu', [gate], { alpha: { float: 1 } }), b.name(inputs.up)], {}, b.name(outputs[0]))
  },

  // silu′ = σ·(1 + gate − silu)
  SwiGluGrad: (b, { inputs, outputs }) => {
    const [gate, up, dy] = [inputs.gate, inputs.up, inputs.dy].map(id => b.name(id))
    const sigmoid = b.op('Sigmoid', [gate])
    const silu = b.op('Mul', [gate, sigmoid])
    b.op('Mul', [dy, silu], {}, b.name(outputs[1]))
    const inner = b.op('Add', [b.op('Sub', [gate, silu]), b.scalar(1)])
    b.op('Mul', [b.op('Mul', [inner, sigmoid]), b.op('Mul', [dy, up])], {}, b.name(outputs[0]))
  }
} satisfies Partial<Lowerings>
