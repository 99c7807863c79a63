import type { tf } from '@skipwise/runtime'
import { activations } from './activations.js'
import type { Parameters } from './contracts.js'
import { linear } from './linear.js'

/**
 * Plain feed-forward: fc_out(activation(fc_in(x))) with `fc_in` and `fc_out` under `prefix`.
 *
 * @param x [N, d], already normed
 * @param activation a name in {@link activations}
 * @returns [N, d]
 */
export const mlp = (parameters: Parameters, prefix: string, x: tf.Tensor2D, activation: string): tf.Tensor2D =>
  linear(
    parameters,
    `${prefix}.fc_out`,
    activations[activation](linear(parameters, `${prefix}.fc_in`, x)) as tf.Tensor2D
  )
