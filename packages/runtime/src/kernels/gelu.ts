import { defineFusedKernel } from '../fused-kernel.js'
import { tf } from '../tfjs.js'

/** √(2/π) and the cubic coefficient of the tanh form. */
const A = Math.sqrt(2 / Math.PI)
const B = 0.044715

/** tanh(√(2/π)·(x + 0.044715·x³)). */
const tanhOf = (x: tf.Tensor) => tf.tanh(tf.mul(tf.mul(x, A), tf.add(tf.mul(tf.square(x), B), 1)))

const forward = defineFusedKernel({
  name: 'TanhGelu',
  outputs: ({ x }) => [x],
  compose: ({ x }) => [tf.mul(tf.mul(x, 0.5), tf.add(tanhOf(x), 1))],
  gradient: {
    saved: [],
    functions: ([dy], { x }) => ({ x: () => backward({ x, dy })[0] })
  }
})

const backward = defineFusedKernel({
  name: 'TanhGeluGrad',
  gradientOf: 'TanhGelu',
  gradient: 'none',
  outputs: ({ x }) => [x],
  // ½·(1 + t) + ½·x·(1 − t²)·√(2/π)·(1 + 3·0.044715·x²)
  compose: ({ x, dy }) => {
    const t = tanhOf(x)
    const inner = tf.mul(tf.add(tf.mul(tf.square(x), 3 * B), 1), A)
    const slope = tf.add(tf.add(t, 1), tf.mul(tf.mul(x, tf.sub(1, tf.square(t))), inner))
    return [tf.mul(tf.mul(slope, 0.5), dy)]
  }
})

/**
 * GELU in its tanh form, ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))) (Hendrycks & Gimpel 2016): `gelu_new`, `gelu_fast`
 * and `gelu_pytorch_tanh` of transformers.
 *
 * @param x any shape
 */
export const tanhGelu = (x: tf.Tensor): tf.Tensor => forward({ x })[0]
