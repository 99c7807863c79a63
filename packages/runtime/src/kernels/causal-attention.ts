import { defineFusedKernel } from '../fused-kernel.js'
import { tf } from '../tfjs.js'
import { indices } from './indices.js'

interface Attributes {
  /** Multiplies the scores before the softmax, usually 1/√D. */
  scale: number
  /** With `positions`: what a score falls by per position of distance, by query head, [H]. */
  slopes?: readonly number[]
  /** Tokens that a token attends to, itself included; absent for all before it. */
  window?: number
}

/**
 * Attention and its gradient kernel; with ALiBi or several documents in a row they have an input more: a kernel without
 * has no input for it.
 */
function defineCausalAttention(name: string, extraInputs: readonly ('positions' | 'documents')[] = []) {
  const backward = defineFusedKernel(
    {
      name: `${name}Grad`,
      outputs: ({ query, key, value }) => [query, key, value],
      // P = softmax(s·QKᵀ + bias):  dV = PᵀdO,  dS = P·(dOVᵀ − Σ dO·O),  dQ = s·dS·K,  dK = s·dSᵀQ
      compose: ({ query, key, value, output, dy, ...more }, attributes: Attributes) => {
        const { q, k, v, toHeads, probabilities } = heads(query, key, value, more, attributes)
        const dOutput = toHeads(dy)
        const P = probabilities(q, k)
        const delta = tf.sum(tf.mul(dOutput, toHeads(output)), 2, true)
        const dScores = tf.mul(tf.mul(P, tf.sub(tf.matMul(dOutput, v, false, true), delta)), attributes.scale)
        return [
          fromHeads(tf.matMul(dScores, k), query.shape),
          fromHeads(tf.matMul(dScores, q, true), key.shape),
          fromHeads(tf.matMul(P, dOutput, true), value.shape)
        ]
      }
    },
    []
  )
  return defineFusedKernel(
    {
      name,
      outputs: ({ query }) => [query],
      compose: ({ query, key, value, ...more }, attributes: Attributes) => {
        const { q, k, v, probabilities } = heads(query, key, value, more, attributes)
        return [fromHeads(tf.matMul(probabilities(q, k), v), query.shape)]
      },
      gradient: ([dy], { output0, ...inputs }, attributes: Attributes) => {
        const gradient = backward({ ...inputs, output: output0, dy }, { ...attributes })
        return { query: () => gradient[0], key: () => gradient[1], value: () => gradient[2] }
      }
    },
    ['query', 'key', 'value', ...extraInputs]
  )
}

const plain = defineCausalAttention('CausalAttention')
const alibi = defineCausalAttention('AlibiAttention', ['positions'])
const packed = defineCausalAttention('DocumentAttention', ['documents'])
const packedAlibi = defineCausalAttention('AlibiDocumentAttention', ['positions', 'documents'])

/**
 * [B, T, H, D] tensors as [B·K, G·T, D], G = H/K query heads sharing a key head stacked along time, so that
 * grouped-query attention needs no repeated keys and the sum over the group falls out of the product.
 */
function heads(
  query: tf.Tensor,
  key: tf.Tensor,
  value: tf.Tensor,
  { positions, documents }: Readonly<Record<string, tf.Tensor>>,
  { scale, slopes, window }: Attributes
) {
  const [B, T, H, D] = query.shape as [number, number, number, number]
  const K = key.shape[2] as number
  const G = H / K
  const toHeads = (x: tf.Tensor) =>
    tf.reshape(tf.transpose(tf.reshape(x, [B, T, K, G, D]), [0, 2, 3, 1, 4]), [B * K, G * T, D]) as tf.Tensor3D
  const toKeyHeads = (x: tf.Tensor) => tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [B * K, T, D]) as tf.Tensor3D
  const bias = () => {
    return tf.reshape(tf.mul(differences(positions), tf.tensor(slopes as number[], [1, H, 1, 1])), [B * K, G * T, T])
  }
  // of key and query, [B, 1, T, T]
  const differences = (x: tf.Tensor) => tf.sub(tf.reshape(x, [B, 1, 1, T]), tf.reshape(x, [B, 1, T, 1]))
  const probabilities = (q: tf.Tensor3D, k: tf.Tensor3D) => {
    const products = tf.mul(tf.matMul(q, k, false, true), scale)
    const scores = slopes ? tf.add(products, bias()) : products
    const index = indices(T)
    const past = tf.reshape(isVisible(tf.reshape(index, [1, T]), tf.reshape(index, [T, 1]), window), [1, 1, T, T])
    const visible = documents ? tf.logicalAnd(past, tf.equal(differences(documents), tf.scalar(0))) : past
    const masked = tf.where(tf.tile(visible, [1, 1, G, 1]), tf.reshape(scores, [B, K, G * T, T]), tf.scalar(-1e30))
    return tf.softmax(tf.reshape(masked, [B * K, G * T, T])) as tf.Tensor3D
  }
  return { q: toHeads(query), k: toKeyHeads(key), v: toKeyHeads(value), toHeads, probabilities }
}

/**
 * Whether a query at index `row` attends to a key at index `slot`: not to what comes after it, and not to what is
 * `window` or more before it.
 */
export function isVisible(slot: tf.Tensor, row: tf.Tensor, window?: number): tf.Tensor {
  const past = tf.lessEqual(slot, row)
  return window === undefined ? past : tf.logicalAnd(past, tf.greater(slot, tf.sub(row, tf.scalar(window, 'int32'))))
}

/** [B·K, G·T, D] back to [B, T, H, D]. */
function fromHeads(x: tf.Tensor, shape: number[]): tf.Tensor {
  const [B, T, H, D] = shape as [number, number, number, number]
  const K = (x.shape[0] as number) / B
  const G = H / K
  return tf.reshape(tf.transpose(tf.reshape(x, [B, K, G, T, D]), [0, 3, 1, 2, 4]), [B, T, H, D])
}

/** ALiBi (Press et al., ICLR 2022): a score of query head h falls by `slopes[h]` per position between query and key. */
export interface LinearBias {
  /** [H], > 0 */
  readonly slopes: readonly number[]
  /** Position of every token, [B, T], float32. */
  readonly positions: tf.Tensor2D
}

/** What may be added to {@link causalAttention}. */
export interface AttentionOptions {
  /** Added to the scaled scores. */
  readonly bias?: LinearBias | undefined
  /** A token attends to itself and the `window` − 1 tokens before it, by index; undefined for all before it. */
  readonly window?: number | undefined
  /**
   * Which document of its row every token belongs to, [B, T], float32: small whole numbers. A token attends to its own
   * document alone. They are always given, never guessed from positions: a jump of PoSE's position ids is not the start
   * of a document.
   */
  readonly documents?: tf.Tensor2D | undefined
}

/**
 * Causal attention with grouped key/value heads: query head h reads key head ⌊h·K/H⌋. Causality is by index in the
 * sequence, never by position id, so that the chunks of a PoSE example see one another.
 *
 * @param query [B, T, H, D]
 * @param key [B, T, K, D], K divides H
 * @param value [B, T, K, D]
 * @param scale multiplies the scores, usually 1/√D
 * @returns [B, T, H, D]
 */
export function causalAttention(
  query: tf.Tensor4D,
  key: tf.Tensor4D,
  value: tf.Tensor4D,
  scale: number,
  { bias, window, documents }: AttentionOptions = {}
): tf.Tensor4D {
  const attributes = { scale, ...(window !== undefined && window < query.shape[1] && { window }) }
  const inputs = { query, key, value, ...(bias && { positions: bias.positions }), ...(documents && { documents }) }
  const kernel = documents ? (bias ? packedAlibi : packed) : bias ? alibi : plain
  const [output] = kernel(inputs, { ...attributes, ...(bias && { slopes: bias.slopes }) })
  return output as tf.Tensor4D
}
