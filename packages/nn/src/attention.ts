import { rmsNorm, tf } from '@skipwise/runtime'
import type { AttentionRole, BlockContext, ModelGeometry, Parameters } from './contracts.js'
import { linear } from './layers.js'

/** What differs between layers of one model. */
export interface LayerAttentionOptions {
  /** Tokens that a token attends to, itself included; undefined for all before it. */
  readonly slidingWindow?: number | undefined
  /** Whether queries and keys get positions; `true` if not given. */
  readonly hasPositions?: boolean
}

/** What differs between models of the same projections. */
export interface SelfAttentionOptions extends LayerAttentionOptions {
  /**
   * What queries [N, H·D] and keys [N, K·D] pass through before they get positions, of the same shape; undefined for
   * nothing. {@link headRmsNorm} is one.
   */
  readonly norm?: ((x: tf.Tensor2D, role: AttentionRole) => tf.Tensor2D) | undefined
  /** Name of a projection that gives queries, keys and values next to one another, in place of the three. */
  readonly fused?: string | undefined
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
  const { heads, keyValueHeads, headDim } = geometry
  const { norm = same => same, fused, output = 'o_proj' } = options
  const [query, key, value] =
    fused === undefined
      ? ['q_proj', 'k_proj', 'v_proj'].map(name => linear(parameters, `${prefix}.${name}`, x))
      : tf.split<tf.Tensor2D>(
          linear(parameters, `${prefix}.${fused}`, x),
          [heads, keyValueHeads, keyValueHeads].map(count => count * headDim),
          1
        )
  const mixed = attention(layer, norm(query, 'query'), norm(key, 'key'), value, geometry, context, options)
  return linear(parameters, `${prefix}.${output}`, mixed)
}

/**
 * An RMS norm of every head, with one weight for all of them.
 *
 * @param x [N, heads·D]
 * @param weight [D]
 * @returns [N, heads·D]
 */
export function headRmsNorm(x: tf.Tensor2D, weight: tf.Tensor1D, epsilon: number): tf.Tensor2D {
  const rows = tf.reshape(x, [-1, weight.shape[0]]) as tf.Tensor2D
  return tf.reshape(rmsNorm(rows, weight, epsilon), x.shape) as tf.Tensor2D
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
  { slidingWindow, hasPositions = true }: LayerAttentionOptions = {}
): tf.Tensor2D {
  const { batch, length } = context
  const encode = (x: tf.Tensor4D, role: AttentionRole) => (hasPositions ? context.encode(x, role) : x)
  const split = (x: tf.Tensor2D, count: number) => tf.reshape(x, [batch, length, count, headDim]) as tf.Tensor4D
  const mixed = context.attend(
    layer,
    encode(split(query, heads), 'query'),
    encode(split(key, keyValueHeads), 'key'),
    split(value, keyValueHeads),
    slidingWindow
  )
  return tf.reshape(mixed, [batch * length, heads * headDim]) as tf.Tensor2D
}
