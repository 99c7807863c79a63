import { defineFusedKernel } from '../fused-kernel.js'
import { tf } from '../tfjs.js'
import { indices } from './indices.js'

const kernel = defineFusedKernel({
  name: 'CacheWrite',
  gradient: 'none',
  outputs: ({ cache }) => [cache],
  compose: ({ cache, rows, pastLength }) => [writeRows(cache, rows, pastLength)]
})

/**
 * Row t of `rows` [B, T, K, D] goes to slot `pastLength` + t of `cache` [B, K, S, D]: a product with a 0/1 matrix,
 * since tfjs cannot write at a computed place.
 */
export function writeRows(cache: tf.Tensor, rows: tf.Tensor, pastLength: tf.Tensor): tf.Tensor {
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
 * A cache of keys or values with the rows of T new tokens behind the past ones.
 *
 * @param cache [B, K, S, D]; the first `pastLength` slots are filled
 * @param rows [B, T, K, D]
 * @param pastLength scalar int32; `pastLength + T ≤ S`
 * @returns [B, K, S, D], whose slots from `pastLength + T` on hold anything finite
 */
export const cacheWrite = (cache: tf.Tensor4D, rows: tf.Tensor4D, pastLength: tf.Scalar): tf.Tensor4D =>
  kernel({ cache, rows, pastLength })[0] as tf.Tensor4D
