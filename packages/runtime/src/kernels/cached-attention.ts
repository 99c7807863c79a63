import { defineFusedKernel } from '../fused-kernel.js'
import { tf } from '../tfjs.js'
import { writeRows } from './cache-write.js'
import { isVisible, joinQueryHeads, probabilitiesOf, splitQueryHeads } from './heads.js'
import { indices } from './indices.js'

const kernel = defineFusedKernel({
  name: 'CachedAttention',
  gradient: 'none',
  outputs: ({ query, keyCache, valueCache }) => [query, keyCache, valueCache],
  compose: ({ query, key, value, keyCache, valueCache, pastLength }, attributes) => {
    const T = query.shape[1] as number
    const [B, K, S, D] = keyCache.shape as [number, number, number, number]
    const slot = tf.reshape(indices(S), [1, S])
    const row = tf.add(tf.reshape(indices(T), [T, 1]), pastLength)
    const keys = writeRows(keyCache, key, pastLength)
    const values = writeRows(valueCache, value, pastLength)
    const heads = (cache: tf.Tensor) => tf.reshape(cache, [B * K, S, D]) as tf.Tensor3D
    const P = probabilitiesOf(splitQueryHeads(query, K), heads(keys), query.shape, attributes, {
      visible: tf.reshape(isVisible(slot, row, attributes.window), [1, 1, T, S]),
      distances: attributes.slopes && tf.reshape(tf.cast(tf.sub(slot, row), 'float32'), [1, 1, T, S])
    })
    return [joinQueryHeads(tf.matMul(P, heads(values)), query.shape), keys, values]
  }
})

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
  const [output, keyCache, valueCache] = kernel(inputs, attributes) as tf.Tensor4D[]
  return { output, keyCache, valueCache }
}
