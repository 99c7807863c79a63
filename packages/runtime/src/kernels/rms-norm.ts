import { defineFusedKernel } from '../fused-kernel.js'
import { tf } from '../tfjs.js'

const forward = defineFusedKernel({
  name: 'RmsNorm',
  outputs: ({ x }) => [x, { shape: [x.shape[0], 1], dtype: 'float32' }],
  compose: ({ x, weight }, { epsilon }) => {
    const inverseRms = tf.rsqrt(tf.add(tf.mean(tf.square(x), 1, true), epsilon))
    return [tf.mul(tf.mul(x, inverseRms), weight), inverseRms]
  },
  gradient: {
    saved: ['output', 'inverseRms'],
    functions: ([dy], { x, weight, inverseRms }) => {
      const gradient = backward({ x, weight, inverseRms, dy })
      return { x: () => gradient[0], weight: () => gradient[1] }
    }
  },
  recompute: 'cheap'
})

const backward = defineFusedKernel({
  name: 'RmsNormGrad',
  gradientOf: 'RmsNorm',
  gradient: 'none',
  outputs: ({ x, weight }) => [x, weight],
  // y = x·r·w with r = (mean(x²) + ε)^−½:  dx = r·(dy·w − x̂·mean(dy·w·x̂)),  dw = Σ dy·x̂,  x̂ = x·r
  compose: ({ x, weight, inverseRms, dy }) => {
    const normalised = tf.mul(x, inverseRms)
    const dyTimesNormalised = tf.mul(dy, normalised)
    const projection = tf.mean(tf.mul(dyTimesNormalised, weight), 1, true)
    return [
      tf.mul(tf.sub(tf.mul(dy, weight), tf.mul(normalised, projection)), inverseRms),
      tf.sum(dyTimesNormalised, 0)
    ]
  }
})

/**
 * Root-mean-square norm over the last axis: x / √(mean(x²) + ε) · weight (Zhang & Sennrich 2019; `LlamaRMSNorm`).
 *
 * @param x [N, d]
 * @param weight [d]
 * @returns [N, d]
 */
export const rmsNorm = (x: tf.Tensor2D, weight: tf.Tensor1D, epsilon: number): tf.Tensor2D =>
  forward({ x, weight }, { epsilon })[0] as tf.Tensor2D
