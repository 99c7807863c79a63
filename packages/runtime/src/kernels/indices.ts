import { tf } from '../tfjs.js'

/**
 * 0 … length − 1, int32: a constant, since traces know no Range and a definition may be traced where an executor lacks
 * its kernel.
 */
export const indices = (length: number): tf.Tensor1D =>
  tf.tensor1d(
    Int32Array.from({ length }, (_, i) => i),
    'int32'
  )
