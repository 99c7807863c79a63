import { defineFusedKernel } from '../fused-kernel.js'
import { tf } from '../tfjs.js'

const forward = defineFusedKernel({
  name: 'Embedding',
  outputs: ({ weight, ids }) => [{ shape: [ids.shape[0], weight.shape[1]], dtype: 'float32' }],
  compose: ({ weight, ids }) => [tf.gather(weight, ids as tf.Tensor1D)],
  gradient: {
    saved: [],
    functions: ([dy], { weight, ids }) => ({ weight: () => backward({ ids, dy }, { vocabSize: weight.shape[0] })[0] })
  }
})

const backward = defineFusedKernel({
  name: 'EmbeddingGrad',
  gradientOf: 'Embedding',
  gradient: 'none',
  outputs: ({ dy }, { vocabSize }) => [{ shape: [vocabSize, dy.shape[1]], dtype: 'float32' }],
  // As a product with one-hot rows: UnsortedSegmentSum is missing on wasm and quadratic on the cpu backend.
  compose: ({ ids, dy }, { vocabSize }) => [
    tf.matMul(tf.oneHot(ids as tf.Tensor1D, vocabSize) as tf.Tensor2D, dy as tf.Tensor2D, true)
  ]
})

/**
 * Rows of an embedding table.
 *
 * @param weight [V, d]
 * @param ids [N], int32
 * @returns [N, d]
 */
export const embedding = (weight: tf.Tensor2D, ids: tf.Tensor1D): tf.Tensor2D =>
  forward({ weight, ids })[0] as tf.Tensor2D
