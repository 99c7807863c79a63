import { defineFusedKernel } from '../fused-kernel.js'
import { tf } from '../tfjs.js'

const forward = defineFusedKernel({
  name: 'SwiGlu',
  outputs: ({ gate }) => [gate],
  compose: ({ gate, up }) => [tf.mul(tf.mul(gate, tf.sigmoid(gate)), up)],
  gradient: {
    saved: [],
    functions: ([dy], { gate, up }) => {
      const gradient = backward({ gate, up, dy })
      return { gate: () => gradient[0], up: () => gradient[1] }
    }
  },
  recompute: 'cheap'
})

const backward = defineFusedKernel({
  name: 'SwiGluGrad',
  gradientOf: 'SwiGlu',
  gradient: 'none',
  outputs: ({ gate, up }) => [gate, up],
  // silu(g) = g·σ(g),  silu′(g) = σ + silu·(1 − σ)
  compose: ({ gate, up, dy }) => {
    const sigmoid = tf.sigmoid(gate)
    const silu = tf.mul(gate, sigmoid)
    return [tf.mul(tf.mul(dy, up), tf.add(sigmoid, tf.mul(silu, tf.sub(1, sigmoid)))), tf.mul(dy, silu)]
  }
})

/**
 * SwiGLU activation: gate · σ(gate) · up (Shazeer 2020).
 *
 * @param gate [N, F]
 * @param up [N, F]
 * @returns [N, F]
 */
export const swiGlu = (gate: tf.Tensor2D, up: tf.Tensor2D): tf.Tensor2D => forward({ gate, up })[0] as tf.Tensor2D
