import { adamWHyper, type ValueId } from '@skipwise/runtime'
import { kernelError, type GraphBuilder, type Lowerings, type Ref } from '../builder.js'

/** The numbers of `hyper` as scalars, by name. */
function scalarsOf(b: GraphBuilder, hyper: ValueId): Record<(typeof adamWHyper)[number], Ref> {
  const parts = b.multiple(
    'Unpack',
    [b.ref(hyper)],
    { T: { type: 'float32' }, num: adamWHyper.length, axis: 0 },
    adamWHyper.map(() => 'float32')
  )
  return Object.fromEntries(adamWHyper.map((name, i) => [name, parts[i]])) as Record<(typeof adamWHyper)[number], Ref>
}

export const adamWLowerings = {
  // ResourceApplyAdam: m += (g − m)(1 − β₁), v += (g² − v)(1 − β₂), p −= lr·√(1 − b₂)/(1 − b₁) · m/(√v + ε). Its own
  // bias correction would lose digits (it forms 1 − βᵗ in float32), so the powers b₁ and b₂ are given as 0 and lr and ε
  // carry the correction: (m/c₁)/(√(v/c₂) + ε) = √c₂/c₁ · m/(√v + ε√c₂). Decay is decoupled: p·(1 − lr·λ) comes before.
  ClippedAdamW: (b, { inputs, outputs, attributes }) => {
    const weightDecay = attributes.weightDecay
    const count = weightDecay.length
    const of = (prefix: 'parameter' | 'gradient' | 'mean' | 'variance', i: number) => inputs[`${prefix}${i}`]
    const h = scalarsOf(b, inputs.hyper)
    const gradients = weightDecay.map((_, i) => b.ref(of('gradient', i)))
    // L2Loss is Σg²/2 in one pass.
    const squares = b.op(
      'AddN',
      gradients.map(gradient => b.op('L2Loss', [gradient])),
      { N: count }
    )
    const norm = b.op('Mul', [b.op('Sqrt', [b.op('Mul', [squares, b.scalar(2)])]), h.gradientScale])
    const clip = b.op('Minimum', [
      b.op('RealDiv', [h.maxGradientNorm, b.op('AddV2', [norm, b.scalar(1e-6)])]),
      b.scalar(1)
    ])
    const scale = b.op('Mul', [h.gradientScale, clip])
    const root = b.op('Sqrt', [h.biasCorrection2])
    const stepSize = b.op('Mul', [h.learningRate, b.op('RealDiv', [root, h.biasCorrection1])])
    const epsilon = b.op('Mul', [h.epsilon, root])
    let previous: Ref[] = []
    for (let i = 0; i < count; i++) {
      const [parameter, mean, variance] = (['parameter', 'mean', 'variance'] as const).map((prefix, k) =>
        b.handleOf(of(prefix, i), outputs[k * count + i])
      )
      if (!parameter || !mean || !variance)
        throw kernelError('ClippedAdamW', 'its parameters, means and variances must be donated')
      const old = b.ref(of('parameter', i))
      // One parameter after the other: its scaled gradient is the only temporary.
      const gradient = b.op('Mul', [gradients[i], scale], {}, { after: previous })
      const dependencies = [old]
      if (weightDecay[i] !== 0) {
        const keep = b.once(`keep ${weightDecay[i]}`, () =>
          b.op('Sub', [b.scalar(1), b.op('Mul', [h.learningRate, b.scalar(weightDecay[i])])])
        )
        dependencies.push(
          b.op('AssignVariableOp', [parameter, b.op('Mul', [old, keep], {}, { after: previous })], {
            dtype: { type: 'float32' }
          })
        )
      }
      const operands = [
        parameter,
        mean,
        variance,
        b.scalar(0),
        b.scalar(0),
        stepSize,
        h.beta1,
        h.beta2,
        epsilon,
        gradient
      ]
      const applied = b.op(
        'ResourceApplyAdam',
        operands,
        { T: { type: 'float32' }, use_locking: false, use_nesterov: false },
        { after: [...dependencies, b.ref(of('mean', i)), b.ref(of('variance', i))] }
      )
      ;[parameter, mean, variance].forEach((handle, k) => b.update(outputs[k * count + i], handle, applied))
      previous = [applied]
    }
    b.set(outputs[3 * count], norm)
  }
} satisfies Partial<Lowerings>
