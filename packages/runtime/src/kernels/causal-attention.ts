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

const optional = ['positions', 'documents'] as const

const backward = defineFusedKernel({
  name: 'CausalAttentionGrad',
  gradientOf: 'CausalAttention',
  gradient: 'none',
  alwaysComposed: hasSoftCap,
  optional,
  outputs: ({ query, key, value }) => [query, key, value],
  compose: (inputs, attributes) => {
    const { query, key, value, output, dy } = inputs
    const K = key.shape[2] as number
    const pass = { ...partsOf(inputs, attributes), output: splitQueryHeads(output, K), dOutput: splitQueryHeads(dy, K) }
    const { dQuery, dKeys, dValues } = attentionGradient(pass, attributes)
    return [joinQueryHeads(dQuery, query.shape), joinKeyHeads(dKeys, key.shape), joinKeyHeads(dValues, value.shape)]
  }
})

const forward = defineFusedKernel({
  name: 'CausalAttention',
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
      return { query: () => gradient[0], key: () => gradient[1], value: () => gradient[2] }
    }
  }
})

/** Queries, keys and values as heads, and the probabilities. */
function partsOf(
  { query, key, value, positions, documents }: ByInput<'CausalAttention', tf.Tensor>,
  attributes: AttributesOf<'CausalAttention'>
) {
  const T = query.shape[1] as number
  const index = indices(T)
  const visible = isVisible(tf.reshape(index, [1, T]), tf.reshape(index, [T, 1]), attributes.slidingWindow)
  const q = splitQueryHeads(query, key.shape[2] as number)
  const keys = splitKeyHeads(key)
  const P = probabilitiesOf(q, keys, query.shape, attributes, {
    visible: tf.reshape(visible, [1, 1, T, T]),
    distances: positions && keyMinusQuery(positions, positions),
    documents: documents && keyMinusQuery(documents, documents)
  })
  return { q, keys, values: splitKeyHeads(value), P }
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
  /** A token attends to itself and the `slidingWindow` − 1 tokens before it, by index; undefined for all before it. */
  readonly slidingWindow?: number | undefined
  /**
   * Which document of its row every token belongs to, [B, T], float32: small whole numbers. A token attends to its own
   * document alone. They are always given, never guessed from positions: a jump of PoSE's position ids is not the start
   * of a document.
   */
  readonly documents?: tf.Tensor2D | undefined
  /** c > 0: a scaled score s becomes c · tanh(s / c) before the bias (Gemma 2). */
  readonly softCap?: number | undefined
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
  { bias, slidingWindow, documents, softCap }: AttentionOptions = {}
): tf.Tensor4D {
  const isSliding = slidingWindow !== undefined && slidingWindow < query.shape[1]
  const [output] = forward(
    withoutUndefined({ query, key, value, positions: bias?.positions, documents }),
    withoutUndefined({
      scale,
      slidingWindow: isSliding ? slidingWindow : undefined,
      slopes: bias?.slopes,
      softCap
    })
  )
  return output as tf.Tensor4D
}
