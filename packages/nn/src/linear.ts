import { tf } from '@skipwise/runtime'
import type { Parameters } from './contracts.js'

/** Name of a matrix of the low-rank adapter of a linear layer among parameters, as PEFT names it. */
export const adapterName = (prefix: string, matrix: 'A' | 'B'): string => `${prefix}.lora_${matrix}.weight`

/**
 * x · weightᵀ (+ bias), with weights as checkpoints store them (`torch.nn.Linear`). With a low-rank adapter among the
 * parameters the weight acts as weight + B·A, computed as two thin products: no gradient of the weight's size is ever
 * made.
 *
 * @param x [N, in]
 * @param prefix names `${prefix}.weight` [out, in] and, when they are there, `${prefix}.bias` [out],
 * `${prefix}.lora_A.weight` [r, in] and `${prefix}.lora_B.weight` [out, r]
 * @returns [N, out]
 */
export function linear(parameters: Parameters, prefix: string, x: tf.Tensor2D): tf.Tensor2D {
  const timesTransposed = (input: tf.Tensor, name: string) =>
    tf.matMul(input as tf.Tensor2D, parameters[name] as tf.Tensor2D, false, true)
  const bias = parameters[`${prefix}.bias`]
  const a = adapterName(prefix, 'A')
  let output = timesTransposed(x, `${prefix}.weight`)
  if (parameters[a]) output = tf.add(output, timesTransposed(timesTransposed(x, a), adapterName(prefix, 'B')))
  return (bias ? tf.add(output, bias) : output) as tf.Tensor2D
}
