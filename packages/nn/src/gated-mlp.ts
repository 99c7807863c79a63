import { swiGlu, tf } from '@skipwise/runtime'
import { activations } from './activations.js'
import type { Parameters } from './contracts.js'
import { linear } from './linear.js'

/**
 * Gated feed-forward: down(activation(gate(x)) · up(x)) with `gate_proj`, `up_proj` and `down_proj` under `prefix`.
 *
 * @param x [N, d], already normed
 * @param activation a name in {@link activations}; `silu` makes it SwiGLU
 * @returns [N, d]
 */
export function gatedMlp(parameters: Parameters, prefix: string, x: tf.Tensor2D, activation = 'silu'): tf.Tensor2D {
  const gate = linear(parameters, `${prefix}.gate_proj`, x)
  const up = linear(parameters, `${prefix}.up_proj`, x)
  const gated = activation === 'silu' ? swiGlu(gate, up) : (tf.mul(activations[activation](gate), up) as tf.Tensor2D)
  return linear(parameters, `${prefix}.down_proj`, gated)
}
