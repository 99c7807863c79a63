import { defineFusedKernel } from '../fused-kernel.js'
import { tf } from '../tfjs.js'
import { isVisible } from './causal-attention.js'
import { indices } from './indices.js'

interface Attributes {
  /** Multiplies the scores before the softmax, usually 1/√D. */
  scale: number
  /** With `positions`: what a score falls by per position of distance, by query head, [H]. */
  slopes?: readonly number[]
  /** Tokens that a token attends to, itself included; absent for all before it. */
  window?: number
}
type Extra = 'positions' | 'pastPositions' | 'documents' | 'pastDocuments'

/**
 * Attention of a chunk and its gradient kernel; as for whole sequences, a kernel without ALiBi or documents has no
 * input for them.
 */
function defineChunkAttention(name: string, extraInputs: readonly Extra[] = []) {
  const backward = defineFusedKernel(
    {
      name: `${name}Grad`,
      outputs: ({ query, key, value, pastKeys, pastValues }) => [query, key, value, pastKeys, pastValues],
      // P = softmax(s·QKᵀ + bias):  dV = PᵀdO,  dS = P·(dOVᵀ − Σ dO·O),  dQ = s·dS·K,  dK = s·dSᵀQ, past and own rows
      // together
      compose: ({ output, dy, ...inputs }, attributes: Attributes) => {
        const { query, key, pastKeys } = inputs
        const { q, keys, values, toHeads, probabilities } = heads(inputs, attributes)
        const dOutput = toHeads(dy)
        const P = probabilities()
        const delta = tf.sum(tf.mul(dOutput, toHeads(output)), 2, true)
        const dScores = tf.mul(tf.mul(P, tf.sub(tf.matMul(dOutput, values, false, true), delta)), attributes.scale)
        const [dPastKeys, dKey] = apart(tf.matMul(dScores, q, true), key.shape, pastKeys.shape)
        const [dPastValues, dValue] = apart(tf.matMul(P, dOutput, true), key.shape, pastKeys.shape)
        return [fromHeads(tf.matMul(dScores, keys), query.shape), dKey, dValue, dPastKeys, dPastValues]
      }
    },
    []
  )
  return defineFusedKernel(
    {
      name,
      outputs: ({ query }) => [query],
      compose: (inputs, attributes: Attributes) => {
        const { values, probabilities } = heads(inputs, attributes)
        return [fromHeads(tf.matMul(probabilities(), values), inputs.query.shape)]
      },
      gradient: ([dy], { output0, ...inputs }, attributes: Attributes) => {
        const gradient = backward({ ...inputs, output: output0, dy }, { ...attributes })
        return {
          query: () => gradient[0],
          key: () => gradient[1],
          value: () => gradient[2],
          pastKeys: () => gradient[3],
          pastValues: () => gradient[4]
        }
      }
    },
    ['query', 'key', 'value', 'pastKeys', 'pastValues', 'pastLength', ...extraInputs]
  )
}

const plain = defineChunkAttention('ChunkAttention')
const alibi = defineChunkAttention('AlibiChunkAttention', ['positions', 'pastPositions'])
const packed = defineChunkAttention('DocumentChunkAttention', ['documents', 'pastDocuments'])
const packedAlibi = defineChunkAttention('AlibiDocumentChunkAttention', [
  'positions',
  'pastPositions',
  'documents',
  'pastDocuments'
])

/**
 * Queries as [B·K, G·T, D], and keys and values of the past and of the chunk, one behind the other, as [B·K, S + T, D].
 */
function heads(
  { query, key, value, pastKeys, pastValues, pastLength, ...more }: Readonly<Record<string, tf.Tensor>>,
  { scale, slopes, window }: Attributes
) {
  const [B, T, H, D] = query.shape as [number, number, number, number]
  const [, K, S] = pastKeys.shape as number[]
  const G = H / K
  const N = S + T
  const toHeads = (x: tf.Tensor) =>
    tf.reshape(tf.transpose(tf.reshape(x, [B, T, K, G, D]), [0, 2, 3, 1, 4]), [B * K, G * T, D]) as tf.Tensor3D
  const together = (past: tf.Tensor, own: tf.Tensor) =>
    tf.reshape(tf.concat([past, tf.transpose(own, [0, 2, 1, 3])], 2), [B * K, N, D]) as tf.Tensor3D
  // index in the sequence of every row of the chunk, [T, 1], and of every key, [1, S + T]; slots that are not filled
  // are behind everything
  const row = tf.add(tf.reshape(indices(T), [T, 1]), pastLength)
  const slot = tf.reshape(indices(S), [1, S])
  const index = tf.concat(
    [tf.where(tf.less(slot, pastLength), slot, tf.scalar(2 ** 30, 'int32')), tf.reshape(row, [1, T])],
    1
  )
  // a number of every token: of the key less that of the query, [B, 1, T, S + T]
  const differences = (past: tf.Tensor, own: tf.Tensor) =>
    tf.sub(tf.reshape(tf.concat([past, own], 1), [B, 1, 1, N]), tf.reshape(own, [B, 1, T, 1]))
  const q = toHeads(query)
  const keys = together(pastKeys, key)
  const values = together(pastValues, value)
  const probabilities = () => {
    const products = tf.reshape(tf.mul(tf.matMul(q, keys, false, true), scale), [B, H, T, N])
    const scores = slopes
      ? tf.add(products, tf.mul(differences(more.pastPositions, more.positions), tf.tensor([...slopes], [1, H, 1, 1])))
      : products
    const past = tf.reshape(isVisible(index, row, window), [1, 1, T, N])
    const visible = more.documents
      ? tf.logicalAnd(past, tf.equal(differences(more.pastDocuments, more.documents), tf.scalar(0)))
      : past
    return tf.reshape(tf.softmax(tf.where(visible, scores, tf.scalar(-1e30))), [B * K, G * T, N]) as tf.Tensor3D
  }
  return { q, keys, values, toHeads, probabilities }
}

/** [B·K, S + T, D] as rows of the past, [B, K, S, D], and of the chunk, [B, T, K, D]. */
function apart(x: tf.Tensor, own: readonly number[], past: readonly number[]): [tf.Tensor, tf.Tensor] {
  const [B, K, S, D] = past as [number, number, number, number]
  const T = own[1]
  const all = tf.reshape(x, [B, K, S + T, D])
  return [
    tf.slice(all, [0, 0, 0, 0], [B, K, S, D]),
    tf.transpose(tf.slice(all, [0, 0, S, 0], [B, K, T, D]), [0, 2, 1, 3])
  ]
}

/** [B·K, G·T, D] back to [B, T, H, D]. */
function fromHeads(x: tf.Tensor, shape: number[]): tf.Tensor {
  const [B, T, H, D] = shape as [number, number, number, number]
  const K = (x.shape[0] as number) / B
  return tf.reshape(tf.transpose(tf.reshape(x, [B, K, H / K, T, D]), [0, 3, 1, 2, 4]), [B, T, H, D])
}

/** What {@link chunkAttention} takes: the tokens of a chunk, and what is kept of those before it. */
export interface ChunkAttentionInputs {
  /** Queries of the chunk, [B, T, H, D]. */
  readonly query: tf.Tensor4D
  /** Keys of the chunk, [B, T, K, D]. */
  readonly key: tf.Tensor4D
  /** Values of the chunk, [B, T, K, D]. */
  readonly value: tf.Tensor4D
  /** Keys of the tokens before it, [B, K, S, D]; the first `pastLength` slots are filled. */
  readonly pastKeys: tf.Tensor4D
  /** Values of the tokens before it, as the keys, [B, K, S, D]. */
  readonly pastValues: tf.Tensor4D
  /** Scalar int32, ≤ S: tokens before the chunk. */
  readonly pastLength: tf.Scalar
}

/** A number of every token: of the chunk's [B, T], and of those before it [B, S], float32. */
export interface TokenNumbers {
  readonly own: tf.Tensor2D
  readonly past: tf.Tensor2D
}

/** What may be added to {@link chunkAttention}. */
export interface ChunkAttentionOptions {
  /** ALiBi: a score of query head h falls by `slopes[h]` > 0 per position between query and key. */
  readonly bias?: { readonly slopes: readonly number[]; readonly positions: TokenNumbers } | undefined
  /** A token attends to itself and the `window` − 1 tokens before it, by index; undefined for all before it. */
  readonly window?: number | undefined
  /** Which document of its row every token belongs to; a token attends to its own document alone. */
  readonly documents?: TokenNumbers | undefined
}

/**
 * Causal attention of a chunk of a sequence: `causalAttention` of the whole sequence, at the chunk's rows. Its gradient
 * reaches the keys and values of the tokens before the chunk; that of slots that are not filled is zero.
 *
 * @returns [B, T, H, D]
 */
export function chunkAttention(
  inputs: ChunkAttentionInputs,
  scale: number,
  { bias, window, documents }: ChunkAttentionOptions = {}
): tf.Tensor4D {
  const reach = inputs.pastKeys.shape[2] + inputs.query.shape[1]
  const attributes = { scale, ...(window !== undefined && window < reach && { window }) }
  const all = {
    ...inputs,
    ...(bias && { positions: bias.positions.own, pastPositions: bias.positions.past }),
    ...(documents && { documents: documents.own, pastDocuments: documents.past })
  }
  const kernel = documents ? (bias ? packedAlibi : packed) : bias ? alibi : plain
  return kernel(all, { ...attributes, ...(bias && { slopes: bias.slopes }) })[0] as tf.Tensor4D
}
