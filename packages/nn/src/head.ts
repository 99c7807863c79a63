import { linearCrossEntropy, tf } from '@skipwise/runtime'
import type { Head } from './contracts.js'

/** Logits of an output layer, [N, V]. */
export function logits({ hidden, weight, bias }: Head): tf.Tensor2D {
  const product = tf.matMul(hidden, weight, false, true) as tf.Tensor2D
  return bias ? (tf.add(product, bias) as tf.Tensor2D) : product
}

/**
 * −log p of a label at every token, without keeping the logits.
 *
 * @param labels [N], int32
 * @returns [N], nats
 */
export const crossEntropy = ({ hidden, weight, bias }: Head, labels: tf.Tensor1D): tf.Tensor1D =>
  linearCrossEntropy(hidden, weight, labels, bias)
