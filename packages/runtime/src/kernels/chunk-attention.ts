import { withoutUndefined } from '@skipwise/core'
import { defineFusedKernel } from '../fused-kernel.js'
import type { AttributesOf, ByInput } from '../kernel-types.js'
import { tf } from '../tfjs.js'
import {
  attentionGradient,
  hasSoftCap,
  indices,
  isVisible,
  joinKeyHeads,
  joinQueryHeads,
  keyMinusQuery,
  probabilitiesOf,
  splitKeyHeads,
  splitQueryHeads
} from './heads.js'

const optional = ['positions', 'pastPositions', 'documents', 'pastDocuments'] as const

const backward = defineFusedKernel({
  name: 'ChunkAttentionGrad',
  gradientOf: 'ChunkAttention',
  gradient: 'none',
  alwaysComposed: hasSoftCap,
  optional,
  outputs: ({ query, key, value, pastKeys, pastValues }) => [query, key, value, pastKeys, pastValues],
  compose: (inputs, attributes) => {
    const { query, key, pastKeys, output, dy } = inputs
    const K = key.shape[2] as number
    const pass = { ...partsOf(inputs, attributes), output: splitQueryHeads(output, K), dOutput: splitQueryHeads(dy, K) }
    const { dQuery, dKeys, dValues } = attentionGradient(pass, attributes)
    const [dPastKeys, dKey] = apart(dKeys, key.shape, pastKeys.shape)
    const [dPastValues, dValue] = apart(dValues, key.shape, pastKeys.shape)
    return [joinQueryHeads(dQuery, query.shape), dKey, dValue, dPastKeys, dPastValues]
  }
})

const forward = defineFusedKernel({
  name: 'ChunkAttention',
  alwaysComposed: hasSoftCap,
  optional,
  outputs: ({ query }) => [query],
  compose: (inputs, attributes) => {
    const { P, values } = partsOf(inputs, attributes)
    return [joinQueryHeads(tf.matMul(P, values), inputs.query.shape)]
  },
  gradient: {
    saved: ['output'],
    functions: ([dy], saved, attributes) => {
      const gradient = backward({ ...saved, dy }, attributes)
      return {
        query: () => gradient[0],
        key: () => gradient[1],
        value: () => gradient[2],
        pastKeys: () => gradient[3],
        pastValues: () => gradient[4]
      }
    }
  }
})

/** Later than every token: where a slot of the past that is not filled lies. */
const NEVER = 2 ** 30

/** Queries as heads, keys and values of the past and then of the chunk [B·K, S + T, D], and the probabilities. */
function partsOf(inputs: ByInput<'ChunkAttention', tf.Tensor>, attributes: AttributesOf<'ChunkAttention'>) {
  const { query, key, value, pastKeys, pastValues, pastLength } = inputs
  const T = query.shape[1] as number
  const [B, K, S, D] = pastKeys.shape as [number, number, number, number]
  const together = (past: tf.Tensor, own: tf.Tensor) =>
    tf.concat([tf.reshape(past, [B * K, S, D]) as tf.Tensor3D, splitKeyHeads(own)], 1)
  // index in the sequence of every row of the chunk, [T, 1], and of every key, [1, S + T]
  const row = tf.add(tf.reshape(indices(T), [T, 1]), pastLength)
  const slot = tf.reshape(indices(S), [1, S])
  const filled = tf.where(tf.less(slot, pastLength), slot, tf.scalar(NEVER, 'int32'))
  const visible = isVisible(tf.concat([filled, tf.reshape(row, [1, T])], 1), row, attributes.slidingWindow)
  const differences = (past: tf.Tensor | undefined, own: tf.Tensor | undefined) =>
    past && own && keyMinusQuery(tf.concat([past, own], 1), own)
  const q = splitQueryHeads(query, K)
  const keys = together(pastKeys, key)
  const P = probabilitiesOf(q, keys, query.shape, attributes, {
    visible: tf.reshape(visible, [1, 1, T, S + T]),
    distances: differences(inputs.pastPositions, inputs.positions),
    documents: differences(inputs.pastDocuments, inputs.documents)
  })
  return { q, keys, values: together(pastValues, value), P }
}

/** [B·K, S + T, D] as rows of the past, [B, K, S, D], and of the chunk, [B, T, K, D]. */
function apart(x: tf.Tensor, own: readonly number[], past: readonly number[]): [tf.Tensor, tf.Tensor] {
  const [B, K, S, D] = past
  const rows = (from: number, count: number) => tf.slice(x, [0, from, 0], [B * K, count, D])
  return [tf.reshape(rows(0, S), [B, K, S, D]), joinKeyHeads(rows(S, own[1]), own)]
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
  /** A token attends to itself and the `slidingWindow` − 1 tokens before it, by index; undefined for all before it. */
  readonly slidingWindow?: number | undefined
  /** Which document of its row every token belongs to; a token attends to its own document alone. */
  readonly documents?: TokenNumbers | undefined
  /** c > 0: a scaled score s becomes c · tanh(s / c) before the bias (Gemma 2). */
  readonly softCap?: number | undefined
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
  { bias, slidingWindow, documents, softCap }: ChunkAttentionOptions = {}
): tf.Tensor4D {
  const reach = inputs.pastKeys.shape[2] + inputs.query.shape[1]
  const isSliding = slidingWindow !== undefined && slidingWindow < reach
  const all = {
    ...inputs,
    positions: bias?.positions.own,
    pastPositions: bias?.positions.past,
    documents: documents?.own,
    pastDocuments: documents?.past
  }
  const attributes = { scale, slidingWindow: isSliding ? slidingWindow : undefined, slopes: bias?.slopes, softCap }
  return forward(withoutUndefined(all), withoutUndefined(attributes))[0] as tf.Tensor4D
}
