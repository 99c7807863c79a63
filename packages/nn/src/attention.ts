import { rmsNorm, tf } from '@skipwise/runtime'
import type { BlockContext, ModelGeometry, Parameters } from './contracts.js'
import { linear } from './layers.js'

/** What differs between models of the same projections. */
export interface SelfAttentionOptions {
  /** Tokens that a token attends to, itself included; undefined for all before it. */
  readonly slidingWindow?: number | undefined
  /**
   * ε of an RMS norm over every head of queries and keys, with `q_norm` and `k_norm` under the prefix; undefined for
   * none.
   */
  readonly headNormEpsilon?: number | undefined
  /** Name of the output projection. */
  readonly output?: string
}

/**
 * Multi-head or grouped-query self-attention with `q_proj`, `k_proj`, `v_proj` and `o_proj` under `prefix`.
 *
 * @param x [N, d], already normed
 * @returns [N, d]
 */
export function selfAttention(
  parameters: Parameters,
  prefix: string,
  x: tf.Tensor2D,
  layer: number,
  geometry: ModelGeometry,
  context: BlockContext,
  options: SelfAttentionOptions = {}
): tf.Tensor2D {
  const { headDim } = geometry
  const { slidingWindow, headNormEpsilon, output = 'o_proj' } = options
  const project = (name: string) => linear(parameters, `${prefix}.${name}`, x)
  const normed = (name: string, heads: tf.Tensor2D) => {
    if (headNormEpsilon === undefined) return heads
    const rows = tf.reshape(heads, [-1, headDim]) as tf.Tensor2D
    return tf.reshape(
      rmsNorm(rows, parameters[`${prefix}.${name}.weight`] as tf.Tensor1D, headNormEpsilon),
      heads.shape
    ) as tf.Tensor2D
  }
  const mixed = attention(
    layer,
    normed('q_norm', project('q_proj')),
    normed('k_norm', project('k_proj')),
    project('v_proj'),
    geometry,
    context,
    slidingWindow
  )
  return linear(parameters, `${prefix}.${output}`, mixed)
}

/**
 * Attention between projections: encodes positions of queries and keys, and attends.
 *
 * @param query [N, H·D]
 * @param key [N, K·D]
 * @param value [N, K·D]
 * @returns [N, H·D]
 */
export function attention(
  layer: number,
  query: tf.Tensor2D,
  key: tf.Tensor2D,
  value: tf.Tensor2D,
  { heads, keyValueHeads, headDim }: ModelGeometry,
  context: BlockContext,
  slidingWindow?: number
): tf.Tensor2D {
  const { batch, length } = context
  const split = (x: tf.Tensor2D, count: number) => tf.reshape(x, [batch, length, count, headDim]) as tf.Tensor4D
  const mixed = context.attend(
    layer,
    context.encode(split(query, heads), 'query'),
    context.encode(split(key, keyValueHeads), 'key'),
    split(value, keyValueHeads),
    slidingWindow
  )
  return tf.reshape(mixed, [batch * length, heads * headDim]) as tf.Tensor2D
}
