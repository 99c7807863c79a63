import { defineFusedKernel } from '../fused-kernel.js'
import { tf } from '../tfjs.js'

const forward = defineFusedKernel({
  name: 'LayerNorm',
  outputs: ({ x }) => [x, { shape: [x.shape[0], 1], dtype: 'float32' }, { shape: [x.shape[0], 1], dtype: 'float32' }],
  compose: ({ x, weight, bias }, { epsilon }) => {
    const mean = tf.mean(x, 1, true)
    const centred = tf.sub(x, mean)
    const inverseDeviation = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), epsilon))
    return [tf.add(tf.mul(tf.mul(centred, inverseDeviation), weight), bias), mean, inverseDeviation]
  },
  gradient: {
    saved: ['output', 'mean', 'inverseDeviation'],
    functions: ([dy], { x, weight, mean, inverseDeviation }) => {
      const gradient = backward({ x, weight, mean, inverseDeviation, dy })
      return { x: () => gradient[0], weight: () => gradient[1], bias: () => gradient[2] }
    }
  }
})

const backward = defineFusedKernel({
  name: 'LayerNormGrad',
  gradientOf: 'LayerNorm',
  gradient: 'none',
  outputs: ({ x, weight }) => [x, weight, weight],
  // y = x̂·w + b with x̂ = (x − μ)·r, and g = dy·w:  dx = r·(g − mean(g) − x̂·mean(g·x̂)),  dw = Σ dy·x̂,  db = Σ dy
  compose: ({ x, weight, mean, inverseDeviation, dy }) => {
    const normalised = tf.mul(tf.sub(x, mean), inverseDeviation)
    const scaled = tf.mul(dy, weight)
    const along = tf.mul(normalised, tf.mean(tf.mul(scaled, normalised), 1, true))
    const dx = tf.mul(tf.sub(tf.sub(scaled, tf.mean(scaled, 1, true)), along), inverseDeviation)
    return [dx, tf.sum(tf.mul(dy, normalised), 0), tf.sum(dy, 0)]
  }
})

/**
 * Layer norm over the last axis: (x − mean) / √(variance + ε) · weight + bias, the variance divided by d (Ba et al.
 * 2016; `torch.nn.LayerNorm`).
 *
 * @param x [N, d]
 * @param weight [d]
 * @param bias [d]
 * @returns [N, d]
 */
export const layerNorm = (x: tf.Tensor2D, weight: tf.Tensor1D, bias: tf.Tensor1D, epsilon: number): tf.Tensor2D =>
  forward({ x, weight, bias }, { epsilon })[0] as tf.Tensor2D
