import { swiGlu, type tf } from '@skipwise/runtime'
import type { Parameters } from './contracts.js'
import { linear } from './linear.js'

/**
 * SwiGLU feed-forward: down(silu(gate(x)) · up(x)) with `gate_proj`, `up_proj` and `down_proj` under `prefix`.
 *
 * @param x [N, d], already normed
 * @returns [N, d]
 */
export const gatedMlp = (parameters: Parameters, prefix: string, x: tf.Tensor2D): tf.Tensor2D =>
  linear(parameters, `${prefix}.down_proj`, swiGlu(linear(parameters, `${prefix}.gate_proj`, x), linear(parameters, `${prefix}.up_proj`, x)))
