import { tf } from '@skipwise/runtime'
import type { Parameters } from './contracts.js'

/**
 * x · weightᵀ (+ bias), with weights as checkpoints store them (`torch.nn.Linear`).
 *
 * @param x [N, in]
 * @param prefix names `${prefix}.weight` [out, in] and, when it is there, `${prefix}.bias` [out]
 * @returns [N, out]
 */
export function linear(parameters: Parameters, prefix: string, x: tf.Tensor2D): tf.Tensor2D {
  const product = tf.matMul(x, parameters[`${prefix}.weight`] as tf.Tensor2D, false, true) as tf.Tensor2D, bias = parameters[`${prefix}.bias`]
  return bias ? (tf.add(product, bias) as tf.Tensor2D) : product
}
