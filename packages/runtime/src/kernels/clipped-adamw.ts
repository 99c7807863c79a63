import { defineFusedKernel } from '../fused-kernel.js'
import { tf } from '../tfjs.js'

/** Order of the numbers in the `hyper` input of `ClippedAdamW`. */
export const adamWHyper = [
  'learningRate',
  'beta1',
  'beta2',
  'epsilon',
  'maxGradientNorm',
  'biasCorrection1',
  'biasCorrection2',
  'gradientScale'
] as const

/** Attributes of `ClippedAdamW`. */
export interface ClippedAdamWAttributes {
  /** Decoupled weight decay of each parameter. */
  readonly weightDecay: readonly number[]
}

/** What there is of each parameter. */
type PerParameter = 'parameter' | 'gradient' | 'mean' | 'variance'

const kernel = defineFusedKernel({
  name: 'ClippedAdamW',
  gradient: 'none',
  outputs: inputs => {
    const { hyper: _, ...rest } = inputs
    const count = Object.keys(rest).length / 4
    const of = (prefix: PerParameter) => Array.from({ length: count }, (_, i) => inputs[`${prefix}${i}`])
    return [...of('parameter'), ...of('mean'), ...of('variance'), { shape: [], dtype: 'float32' }]
  },
  compose: (inputs, { weightDecay }) => {
    const count = weightDecay.length
    const of = (prefix: PerParameter) => Array.from({ length: count }, (_, i) => inputs[`${prefix}${i}`])
    const [learningRate, beta1, beta2, epsilon, maxNorm, correction1, correction2, gradientScale] = tf
      .split(inputs.hyper, adamWHyper.length)
      .map(part => tf.reshape(part, []))
    const gradients = of('gradient').map(gradient => tf.mul(gradient, gradientScale))
    const norm = tf.sqrt(
      gradients.map(gradient => tf.sum(tf.square(gradient))).reduce((sum, squares) => tf.add(sum, squares))
    )
    const clip = tf.minimum(1, tf.div(maxNorm, tf.add(norm, 1e-6)))
    const means = of('mean').map((mean, i) =>
      tf.add(tf.mul(mean, beta1), tf.mul(tf.mul(gradients[i], clip), tf.sub(1, beta1)))
    )
    const variances = of('variance').map((variance, i) =>
      tf.add(tf.mul(variance, beta2), tf.mul(tf.square(tf.mul(gradients[i], clip)), tf.sub(1, beta2)))
    )
    const parameters = of('parameter').map((parameter, i) => {
      const step = tf.div(tf.div(means[i], correction1), tf.add(tf.sqrt(tf.div(variances[i], correction2)), epsilon))
      return tf.sub(tf.mul(parameter, tf.sub(1, tf.mul(learningRate, weightDecay[i]))), tf.mul(learningRate, step))
    })
    return [...parameters, ...means, ...variances, norm]
  }
})

/** Parameters and their state, in one order. */
export interface AdamWState {
  /** Of any shapes. */
  readonly parameters: readonly tf.Tensor[]
  /** m, of the shapes of the parameters. */
  readonly means: readonly tf.Tensor[]
  /** v, of the shapes of the parameters. */
  readonly variances: readonly tf.Tensor[]
}

/**
 * One AdamW step over all parameters (Loshchilov & Hutter 2019; torch.optim.AdamW) after clipping by global norm
 * (torch.nn.utils.clip_grad_norm_): gradients are multiplied by `gradientScale`, then by min(1, maxGradientNorm / (norm
 * + 1e-6)).
 *
 * @param hyper [8], in the order of {@link adamWHyper}; biasCorrectionₖ = 1 − βₖ^step
 * @returns the new state and the norm before clipping (scalar)
 */
export function clippedAdamW(
  state: AdamWState,
  gradients: readonly tf.Tensor[],
  hyper: tf.Tensor1D,
  attributes: ClippedAdamWAttributes
): AdamWState & { gradientNorm: tf.Scalar } {
  const inputs: Record<'hyper' | `${PerParameter}${number}`, tf.Tensor> = { hyper }
  const count = gradients.length
  for (let i = 0; i < count; i++) {
    inputs[`parameter${i}`] = state.parameters[i]
    inputs[`gradient${i}`] = gradients[i]
    inputs[`mean${i}`] = state.means[i]
    inputs[`variance${i}`] = state.variances[i]
  }
  const outputs = kernel(inputs, attributes)
  return {
    parameters: outputs.slice(0, count),
    means: outputs.slice(count, 2 * count),
    variances: outputs.slice(2 * count, 3 * count),
    gradientNorm: outputs[3 * count] as tf.Scalar
  }
}
