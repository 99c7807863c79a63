import { withoutUndefined } from '@skipwise/core'
import { defineFusedKernel } from '../fused-kernel.js'
import type { AttributesOf, ByInput } from '../kernel-types.js'
import { tf } from '../tfjs.js'
import { hasSoftCap, softCapped, softCapSlope } from './heads.js'

const oneHot = (labels: tf.Tensor, weight: tf.Tensor) => tf.oneHot(labels as tf.Tensor1D, weight.shape[0])

/** Logits before a soft cap, [N, V]. */
function rawLogits({ hidden, weight, bias }: ByInput<'LinearCrossEntropy', tf.Tensor>): tf.Tensor {
  const product = tf.matMul(hidden as tf.Tensor2D, weight as tf.Tensor2D, false, true)
  return bias ? tf.add(product, bias) : product
}

const capped = (raw: tf.Tensor, { softCap }: AttributesOf<'LinearCrossEntropy'>) =>
  softCap === undefined ? raw : softCapped(raw, softCap)

const backward = defineFusedKernel({
  name: 'LinearCrossEntropyGrad',
  gradientOf: 'LinearCrossEntropy',
  gradient: 'none',
  alwaysComposed: hasSoftCap,
  originalInputs: true,
  optional: ['bias'],
  outputs: ({ hidden, weight, bias }) => [hidden, weight, ...(bias ? [bias] : [])],
  // dLogits = (softmax − onehot)·dy, then the two products of a linear layer and the sum over rows
  compose: (inputs, attributes) => {
    const { hidden, weight, bias, labels, dy } = inputs
    const raw = rawLogits(inputs)
    const dCapped = tf.mul(
      tf.sub(tf.softmax(capped(raw, attributes)), oneHot(labels, weight)),
      tf.reshape(dy, [-1, 1])
    ) as tf.Tensor2D
    const { softCap } = attributes
    const dLogits = softCap === undefined ? dCapped : (tf.mul(dCapped, softCapSlope(raw, softCap)) as tf.Tensor2D)
    return [
      tf.matMul(dLogits, weight as tf.Tensor2D),
      tf.matMul(dLogits, hidden as tf.Tensor2D, true),
      ...(bias ? [tf.sum(dLogits, 0)] : [])
    ]
  }
})

const forward = defineFusedKernel({
  name: 'LinearCrossEntropy',
  alwaysComposed: hasSoftCap,
  optional: ['bias'],
  outputs: ({ labels }) => [{ shape: labels.shape, dtype: 'float32' }],
  compose: (inputs, attributes) => {
    const logits = capped(rawLogits(inputs), attributes)
    const ofLabel = tf.sum(tf.mul(logits, oneHot(inputs.labels, inputs.weight)), 1)
    return [tf.sub(tf.logSumExp(logits, 1), ofLabel)]
  },
  gradient: {
    saved: [],
    functions: ([dy], inputs, attributes) => {
      const gradient = backward({ ...inputs, dy }, attributes)
      return { hidden: () => gradient[0], weight: () => gradient[1], bias: () => gradient[2] }
    }
  }
})

/**
 * Negative log-likelihood of each label under softmax(hidden · weightᵀ + bias), without keeping the logits in the
 * graph: an executor may compute them in pieces. With a soft cap it computes them whole.
 *
 * @param hidden [N, d]
 * @param weight [V, d]
 * @param labels [N], int32, 0 ≤ label < V
 * @param bias [V], if the output layer has one
 * @param softCap c > 0: a logit x becomes c · tanh(x / c) (Gemma 2); undefined for x itself
 * @returns [N], nats
 */
export const linearCrossEntropy = (
  hidden: tf.Tensor2D,
  weight: tf.Tensor2D,
  labels: tf.Tensor1D,
  bias?: tf.Tensor1D,
  softCap?: number
): tf.Tensor1D =>
  forward(withoutUndefined({ hidden, weight, labels, bias }), withoutUndefined({ softCap }))[0] as tf.Tensor1D
