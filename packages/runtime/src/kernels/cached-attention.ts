import { withoutUndefined } from '@skipwise/core'
import { defineFusedKernel } from '../fused-kernel.js'
import { tf } from '../tfjs.js'
import { hasSoftCap, indices, isVisible, joinQueryHeads, probabilitiesOf, splitQueryHeads } from './heads.js'

const writing = defineFusedKernel({
  name: 'CacheWrite',
  gradient: 'none',
  outputs: ({ cache }) => [cache],
  compose: ({ cache, rows, pastLength }) => [writeRows(cache, rows, pastLength)]
})

/**
 * Row t of `rows` [B, T, K, D] goes to slot `pastLength` + t of `cache` [B, K, S, D]: a product with a 0/1 matrix,
 * since tfjs cannot write at a computed place.
 */
function writeRows(cache: tf.Tensor, rows: tf.Tensor, pastLength: tf.Tensor): tf.Tensor {
  const [B, K, S, D] = cache.shape as [number, number, number, number]
  const T = rows.shape[1] as number
  const slot = tf.reshape(indices(S), [1, S])
  const row = tf.add(tf.reshape(indices(T), [T, 1]), pastLength)
  const place = tf.cast(tf.equal(slot, row), 'float32') as tf.Tensor2D
  const kept = tf.cast(tf.less(slot, pastLength), 'float32')
  const perHead = tf.reshape(tf.transpose(rows, [0, 2, 1, 3]), [B * K, T, D]) as tf.Tensor3D
  const placed = tf.matMul(tf.tile(tf.reshape(place, [1, T, S]), [B * K, 1, 1]) as tf.Tensor3D, perHead, true)
  return tf.add(tf.mul(cache, tf.reshape(kept, [1, 1, S, 1])), tf.reshape(placed, [B, K, S, D]))
}

/**
 * A cache of keys or values with the rows of T new tokens after the past ones.
 *
 * @param cache [B, K, S, D]; the first `pastLength` slots are filled
 * @param rows [B, T, K, D]
 * @param pastLength scalar int32; `pastLength + T ≤ S`
 * @returns [B, K, S, D], whose slots from `pastLength + T` on hold anything finite
 */
export const cacheWrite = (cache: tf.Tensor4D, rows: tf.Tensor4D, pastLength: tf.Scalar): tf.Tensor4D =>
  writing({ cache, rows, pastLength })[0] as tf.Tensor4D

const attending = defineFusedKernel({
  name: 'CachedAttention',
  gradient: 'none',
  alwaysComposed: hasSoftCap,
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
      visible: tf.reshape(isVisible(slot, row, attributes.slidingWindow), [1, 1, T, S]),
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
  /** A token attends to itself and the `slidingWindow` − 1 tokens before it; undefined for all before it. */
  readonly slidingWindow?: number | undefined
  /** c > 0: a scaled score s becomes c · tanh(s / c) before the bias (Gemma 2). */
  readonly softCap?: number | undefined
}

/**
 * Causal attention of T new tokens over a cache of capacity S, and the cache with the new keys and values written after
 * the past ones.
 *
 * @returns `output` [B, T, H, D], `keyCache` and `valueCache` [B, K, S, D], whose slots from `pastLength + T` on hold
 * anything finite
 */
export function cachedAttention(
  inputs: CachedAttentionInputs,
  scale: number,
  { slopes, slidingWindow, softCap }: CachedAttentionOptions = {}
): { output: tf.Tensor4D; keyCache: tf.Tensor4D; valueCache: tf.Tensor4D } {
  const isSliding = slidingWindow !== undefined && slidingWindow < inputs.keyCache.shape[2]
  const attributes = withoutUndefined({
    scale,
    slopes,
    slidingWindow: isSliding ? slidingWindow : undefined,
    softCap
  })
  const [output, keyCache, valueCache] = attending(inputs, attributes) as tf.Tensor4D[]
  return { output, keyCache, valueCache }
}
