import { defineFusedKernel } from '../fused-kernel.js'
import { tf } from '../tfjs.js'

const forward = defineFusedKernel(
  {
    name: 'LinearCrossEntropy',
    outputs: ({ labels }) => [{ shape: labels.shape, dtype: 'float32' }],
    compose: ({ hidden, weight, labels }) => {
      const logits = tf.matMul(hidden as tf.Tensor2D, weight as tf.Tensor2D, false, true)
      const ofLabel = tf.sum(tf.mul(logits, oneHot(labels, weight)), 1)
      return [tf.sub(tf.logSumExp(logits, 1), ofLabel)]
    },
    gradient: ([dy], { hidden, weight, labels }) => {
      const gradient = backward({ hidden, weight, labels, dy })
      return { hidden: () => gradient[0], weight: () => gradient[1] }
    }
  },
  ['hidden', 'weight', 'labels']
)

const backward = defineFusedKernel(
  {
    name: 'LinearCrossEntropyGrad',
    outputs: ({ hidden, weight }) => [hidden, weight],
    // dLogits = (softmax − onehot)·dy, then the two products of a linear layer
    compose: ({ hidden, weight, labels, dy }) => {
      const probabilities = tf.softmax(tf.matMul(hidden as tf.Tensor2D, weight as tf.Tensor2D, false, true))
      const dLogits = tf.mul(tf.sub(probabilities, oneHot(labels, weight)), tf.reshape(dy, [-1, 1])) as tf.Tensor2D
      return [tf.matMul(dLogits, weight as tf.Tensor2D), tf.matMul(dLogits, hidden as tf.Tensor2D, true)]
    }
  },
  []
)

const oneHot = (labels: tf.Tensor, weight: tf.Tensor) => tf.oneHot(labels as tf.Tensor1D, weight.shape[0])

/**
 * Negative log-likelihood of each label under softmax(hidden · weightᵀ), without keeping the logits in the graph: an
 * executor may compute them in pieces.
 *
 * @param hidden [N, d]
 * @param weight [V, d]
 * @param labels [N], int32, 0 ≤ label < V
 * @returns [N], nats
 */
export const linearCrossEntropy = (hidden: tf.Tensor2D, weight: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D =>
  forward({ hidden, weight, labels })[0] as tf.Tensor1D
