import { tf } from '@skipwise/runtime'
import type { BlockContext, ModelGeometry, Parameters } from './contracts.js'
import { linear } from './linear.js'

/**
 * Multi-head or grouped-query self-attention with `q_proj`, `k_proj`, `v_proj` and `o_proj` under `prefix`.
 *
 * @param x [N, d], already normed
 * @returns [N, d]
 */
export function selfAttention(parameters: Parameters, prefix: string, x: tf.Tensor2D, layer: number, geometry: ModelGeometry, context: BlockContext): tf.Tensor2D {
  const { heads, keyValueHeads, headDim } = geometry, { batch, length } = context
  const project = (name: string, count: number) => tf.reshape(linear(parameters, `${prefix}.${name}`, x), [batch, length, count, headDim]) as tf.Tensor4D
  const query = context.encode(project('q_proj', heads), 'query'), key = context.encode(project('k_proj', keyValueHeads), 'key')
  const mixed = context.attend(layer, query, key, project('v_proj', keyValueHeads))
  return linear(parameters, `${prefix}.o_proj`, tf.reshape(mixed, [batch * length, heads * headDim]) as tf.Tensor2D)
}
