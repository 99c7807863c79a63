import type { ValueId } from '@skipwise/runtime'
import type { GraphBuilder, Lowerings, Ref } from '../builder.js'

/** What a node waits for that is computed again in the backward pass (`rematerialize` of the runtime). */
const waitFor = (b: GraphBuilder, gradient: ValueId | undefined): Ref[] =>
  gradient === undefined ? [] : [b.ref(gradient)].filter(ref => b.isComputed(ref))

/** 1/√(mean x² + ε), [N, 1], for both passes. */
const inverseRmsOf = (b: GraphBuilder, x: Ref, epsilon: number): Ref =>
  b.once(`inverse rms ${x} ${epsilon}`, () =>
    b.op('Rsqrt', [b.op('AddV2', [b.reduce('Mean', b.op('Square', [x]), [1], true), b.scalar(epsilon)])])
  )

/**
 * σ(gate) and silu(gate) = gate·σ(gate), once in each pass: the backward one's wait for a gradient, that TensorFlow
 * does not keep the forward one's.
 */
function activations(b: GraphBuilder, id: ValueId, gradient?: ValueId): { sigmoid: Ref; silu: Ref } {
  const gate = b.ref(id)
  const pass = gradient === undefined ? 'forward' : 'backward'
  const sigmoid = b.once(`sigmoid ${gate} ${pass}`, () => b.op('Sigmoid', [gate], {}, { after: waitFor(b, gradient) }))
  return { sigmoid, silu: b.once(`silu ${gate} ${pass}`, () => b.op('Mul', [gate, sigmoid])) }
}

export const normAndActivationLowerings = {
  RmsNorm: (b, { inputs, outputs, attributes }) => {
    const x = b.ref(inputs.x)
    const inverseRms = inverseRmsOf(b, x, attributes.epsilon)
    b.set(
      outputs[0],
      b.op('Mul', [b.op('Mul', [x, inverseRms], {}, { after: waitFor(b, inputs.after) }), b.ref(inputs.weight)])
    )
    b.set(outputs[1], inverseRms)
  },

  // With r = inverseRms and p = dy·x:  dw = Σ r·p,  dx = r·(dy·w) − x·(r³/d · Σ p·w). The sums are products with a
  // vector.
  RmsNormGrad: (b, { inputs, outputs }) => {
    const [x, weight, inverseRms, dy] = [inputs.x, inputs.weight, inputs.inverseRms, inputs.dy].map(id => b.ref(id))
    const [N, d] = b.spec(inputs.x).shape
    const product = b.op('Mul', [dy, x])
    b.set(
      outputs[1],
      b.reshape(b.op('MatMul', [b.reshape(inverseRms, [1, N]), product], { transpose_a: false, transpose_b: false }), [
        d
      ])
    )
    const projection = b.op('MatMul', [product, b.once(`column ${weight}`, () => b.reshape(weight, [d, 1]))], {
      transpose_a: false,
      transpose_b: false
    })
    const cube = b.op('Mul', [b.op('Mul', [b.op('Square', [inverseRms]), inverseRms]), b.scalar(1 / d)])
    const along = b.op('Mul', [x, b.op('Mul', [projection, cube])])
    b.set(outputs[0], b.op('Sub', [b.op('Mul', [b.op('Mul', [dy, weight]), inverseRms]), along]))
  },

  SwiGlu: (b, { inputs, outputs }) =>
    b.set(outputs[0], b.op('Mul', [activations(b, inputs.gate, inputs.after).silu, b.ref(inputs.up)])),

  // silu′ = σ·(1 + gate − silu)
  SwiGluGrad: (b, { inputs, outputs }) => {
    const [gate, up, dy] = [inputs.gate, inputs.up, inputs.dy].map(id => b.ref(id))
    const { sigmoid, silu } = activations(b, inputs.gate, inputs.dy)
    b.set(outputs[1], b.op('Mul', [dy, silu]))
    const inner = b.op('AddV2', [b.op('Sub', [gate, silu]), b.scalar(1)])
    b.set(outputs[0], b.op('Mul', [b.op('Mul', [inner, sigmoid]), b.op('Mul', [dy, up])]))
  }
} satisfies Partial<Lowerings>
