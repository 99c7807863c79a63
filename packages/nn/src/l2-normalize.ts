import { rmsNorm, tf } from '@skipwise/runtime'

/** The smallest norm divided by, as in `torch.nn.functional.normalize`. */
const EPSILON = 1e-12

/**
 * Rows divided by their Euclidean norm: x / √(Σx²), an RMS norm with the weight 1/√d. A row of zeros stays.
 *
 * @param x [N, d]
 * @returns [N, d]
 */
export function l2Normalize(x: tf.Tensor2D): tf.Tensor2D {
  const [, d] = x.shape
  return rmsNorm(x, tf.fill([d], 1 / Math.sqrt(d)) as tf.Tensor1D, EPSILON ** 2 / d)
}
