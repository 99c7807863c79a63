import type { AttentionAttributes } from '../kernel-types.js'
import { tf } from '../tfjs.js'

/** The score of a key that a query does not attend to: its probability is 0 in float32. */
export const MASKED = -1e30

type Shape4D = [number, number, number, number]

/**
 * Queries [B, T, H, D] as [B·K, G·T, D], G = H/K query heads sharing a key head stacked along time, so that
 * grouped-query attention needs no repeated keys and the sum over the group falls out of the product.
 */
export function splitQueryHeads(x: tf.Tensor, K: number): tf.Tensor3D {
  const [B, T, H, D] = x.shape as Shape4D
  const G = H / K
  return tf.reshape(tf.transpose(tf.reshape(x, [B, T, K, G, D]), [0, 2, 3, 1, 4]), [B * K, G * T, D])
}

/** The inverse of {@link splitQueryHeads}: [B·K, G·T, D] back to `shape` [B, T, H, D]. */
export function joinQueryHeads(x: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const [B, T, H, D] = shape
  const K = (x.shape[0] as number) / B
  return tf.reshape(tf.transpose(tf.reshape(x, [B, K, H / K, T, D]), [0, 3, 1, 2, 4]), [B, T, H, D])
}

/** Keys or values [B, T, K, D] as [B·K, T, D]. */
export function splitKeyHeads(x: tf.Tensor): tf.Tensor3D {
  const [B, T, K, D] = x.shape as Shape4D
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [B * K, T, D])
}

/** The inverse of {@link splitKeyHeads}: [B·K, T, D] back to `shape` [B, T, K, D]. */
export function joinKeyHeads(x: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const [B, T, K, D] = shape
  return tf.transpose(tf.reshape(x, [B, K, T, D]), [0, 2, 1, 3])
}

/**
 * Whether a query at index `row` attends to a key at index `slot`: not to what comes after it, and not to what is
 * `slidingWindow` or more before it.
 */
export function isVisible(slot: tf.Tensor, row: tf.Tensor, slidingWindow?: number): tf.Tensor {
  const past = tf.lessEqual(slot, row)
  return slidingWindow === undefined
    ? past
    : tf.logicalAnd(past, tf.greater(slot, tf.sub(row, tf.scalar(slidingWindow, 'int32'))))
}

/** A number of each key [B, N] less that of each query [B, T]: [B, 1, T, N]. */
export function keyMinusQuery(keys: tf.Tensor, queries: tf.Tensor): tf.Tensor {
  const [B, N] = keys.shape as [number, number]
  const T = queries.shape[1] as number
  return tf.sub(tf.reshape(keys, [B, 1, 1, N]), tf.reshape(queries, [B, 1, T, 1]))
}

/** Which keys a query sees, and how far they are. */
interface Sight {
  /** Whether a query attends to a key by index, [1, 1, T, N]. */
  readonly visible: tf.Tensor
  /** With slopes: position of the key less that of the query, [1 or B, 1, T, N]. */
  readonly distances?: tf.Tensor | undefined
  /** Document of the key less that of the query, [B, 1, T, N]; 0 for the same. */
  readonly documents?: tf.Tensor | undefined
}

/** c · tanh(x / c): x near 0, and never beyond ±c (Bello et al. 2016, Gemma 2). */
export const softCapped = (x: tf.Tensor, cap: number): tf.Tensor => tf.mul(tf.tanh(tf.div(x, cap)), cap)

/** The derivative of {@link softCapped}: 1 − tanh²(x / c). */
export const softCapSlope = (x: tf.Tensor, cap: number): tf.Tensor => tf.sub(1, tf.square(tf.tanh(tf.div(x, cap))))

/** Whether an attention has a soft cap: executors lower none, its definition runs. */
export const hasSoftCap = ({ softCap }: { readonly softCap?: number }): boolean => softCap !== undefined

/**
 * softmax(scale · q·kᵀ + bias) over the keys that are visible, [B·K, G·T, N].
 *
 * @param q [B·K, G·T, D]
 * @param keys [B·K, N, D]
 * @param shape [B, T, H, D] of the queries
 */
export function probabilitiesOf(
  q: tf.Tensor3D,
  keys: tf.Tensor3D,
  [B, T, H]: readonly number[],
  { scale, slopes, softCap }: AttentionAttributes,
  { visible, distances, documents }: Sight
): tf.Tensor3D {
  const N = keys.shape[1]
  const scaled = tf.reshape(tf.mul(tf.matMul(q, keys, false, true), scale), [B, H, T, N])
  const products = softCap === undefined ? scaled : softCapped(scaled, softCap)
  const scores =
    slopes && distances ? tf.add(products, tf.mul(distances, tf.tensor([...slopes], [1, H, 1, 1]))) : products
  const seen = documents ? tf.logicalAnd(visible, tf.equal(documents, tf.scalar(0))) : visible
  return tf.reshape(tf.softmax(tf.where(seen, scores, tf.scalar(MASKED))), [q.shape[0], q.shape[1], N])
}

/** What the gradient of attention is made of, all but `P` as heads. */
interface AttentionPass {
  /** Probabilities, [B·K, G·T, N]. */
  readonly P: tf.Tensor3D
  /** [B·K, G·T, D] */
  readonly q: tf.Tensor3D
  /** [B·K, N, D] */
  readonly keys: tf.Tensor3D
  /** [B·K, N, D] */
  readonly values: tf.Tensor3D
  /** [B·K, G·T, D] */
  readonly output: tf.Tensor3D
  /** [B·K, G·T, D] */
  readonly dOutput: tf.Tensor3D
}

/**
 * P = softmax(s·QKᵀ + bias):  dV = PᵀdO,  dS = P·(dOVᵀ − Σ dO·O),  dQ = s·dS·K,  dK = s·dSᵀQ. With a soft cap dS is
 * multiplied by its slope.
 */
export function attentionGradient(
  { P, q, keys, values, output, dOutput }: AttentionPass,
  { scale, softCap }: AttentionAttributes
): { readonly dQuery: tf.Tensor3D; readonly dKeys: tf.Tensor3D; readonly dValues: tf.Tensor3D } {
  const delta = tf.sum(tf.mul(dOutput, output), 2, true)
  const dCapped = tf.mul(tf.mul(P, tf.sub(tf.matMul(dOutput, values, false, true), delta)), scale) as tf.Tensor3D
  const dScores =
    softCap === undefined
      ? dCapped
      : (tf.mul(dCapped, softCapSlope(tf.mul(tf.matMul(q, keys, false, true), scale), softCap)) as tf.Tensor3D)
  return {
    dQuery: tf.matMul(dScores, keys),
    dKeys: tf.matMul(dScores, q, true),
    dValues: tf.matMul(P, dOutput, true)
  }
}

/**
 * 0 … length − 1, int32: a constant, since traces know no Range and a definition may be traced where an executor lacks
 * its kernel.
 */
export const indices = (length: number): tf.Tensor1D =>
  tf.tensor1d(
    Int32Array.from({ length }, (_, i) => i),
    'int32'
  )
