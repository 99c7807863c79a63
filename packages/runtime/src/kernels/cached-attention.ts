import { defineFusedKernel } from '../fused-kernel.js'
import { tf } from '../tfjs.js'
import { writeRows } from './cache-write.js'
import { isVisible } from './causal-attention.js'
import { indices } from './indices.js'

interface Attributes {
  /** Multiplies the scores before the softmax. */
  scale: number
  /** What a score falls by per slot of distance, by query head, [H]; absent for no bias. */
  slopes?: readonly number[]
  /** Tokens that a token attends to, itself included; absent for all before it. */
  window?: number
}

const kernel = defineFusedKernel(
  {
    name: 'CachedAttention',
    outputs: ({ query, keyCache, valueCache }) => [query, keyCache, valueCache],
    compose: ({ query, key, value, keyCache, valueCache, pastLength }, { scale, slopes, window }: Attributes) => {
      const [B, T, H, D] = query.shape as [number, number, number, number]
      const [, K, S] = keyCache.shape as number[]
      const G = H / K
      const slot = tf.reshape(indices(S), [1, S])
      const row = tf.add(tf.reshape(indices(T), [T, 1]), pastLength)
      const keys = writeRows(keyCache, key, pastLength)
      const values = writeRows(valueCache, value, pastLength)
      const q = tf.reshape(tf.transpose(tf.reshape(query, [B, T, K, G, D]), [0, 2, 3, 1, 4]), [
        B * K,
        G * T,
        D
      ]) as tf.Tensor3D
      const products = tf.mul(tf.matMul(q, tf.reshape(keys, [B * K, S, D]) as tf.Tensor3D, false, true), scale)
      const bias = (slopes: readonly number[]) =>
        tf.reshape(tf.mul(tf.cast(tf.sub(slot, row), 'float32'), tf.tensor([...slopes], [H, 1, 1])), [1, K, G * T, S])
      const scores = slopes
        ? tf.reshape(tf.add(tf.reshape(products, [B, K, G * T, S]), bias(slopes)), [B * K, G * T, S])
        : products
      const visible = tf.reshape(tf.tile(isVisible(slot, row, window), [G, 1]), [1, G * T, S])
      const probabilities = tf.softmax(tf.where(visible, scores, tf.scalar(-1e30))) as tf.Tensor3D
      const mixed = tf.matMul(probabilities, tf.reshape(values, [B * K, S, D]) as tf.Tensor3D)
      return [tf.reshape(tf.transpose(tf.reshape(mixed, [B, K, G, T, D]), [0, 3, 1, 2, 4]), [B, T, H, D]), keys, values]
    }
  },
  []
)

/** What {@link cachedAttention} takes. */
export interface CachedAttentionInputs {
  /** Queries of the new tokens, [B, T, H, D]. */
  readonly query: tf.Tensor4D
  /** Keys of the new tokens, [B, T, K, D]. */
  readonly key: tf.Tensor4D
  /** Values of the new tokens, [B, T, K, D]. */
  readonly value: tf.Tensor4D
  /** Keys of capacity S, [B, K, S, D]; the first `pastLength` slots are filled. */
  readonly keyCache: tf.Tensor4D
  /** Values, as the keys, [B, K, S, D]. */
  readonly valueCache: tf.Tensor4D
  /** Scalar int32: tokens already in the cache; `pastLength + T ≤ S`. */
  readonly pastLength: tf.Scalar
}

/** What may be added to {@link cachedAttention}. */
export interface CachedAttentionOptions {
  /** For ALiBi, [H], > 0: a score of query head h falls by `slopes[h]` per slot between query and key. */
  readonly slopes?: readonly number[] | undefined
  /** A token attends to itself and the `window` − 1 tokens before it; undefined for all before it. */
  readonly window?: number | undefined
}

/**
 * Causal attention of T new tokens over a cache of capacity S, and the cache with the new keys and values written
 * behind the past ones.
 *
 * @returns `output` [B, T, H, D], `keyCache` and `valueCache` [B, K, S, D], whose slots from `pastLength + T` on hold
 * anything finite
 */
export function cachedAttention(
  inputs: CachedAttentionInputs,
  scale: number,
  { slopes, window }: CachedAttentionOptions = {}
): { output: tf.Tensor4D; keyCache: tf.Tensor4D; valueCache: tf.Tensor4D } {
  const attributes = {
    scale,
    ...(slopes && { slopes }),
    ...(window !== undefined && window < inputs.keyCache.shape[2] && { window })
  }
  const [output, keyCache, valueCache] = kernel({ ...inputs }, attributes) as tf.Tensor4D[]
  return { output, keyCache, valueCache }
}
