import { defineFusedKernel } from '../fused-kernel.js'
import { tf } from '../tfjs.js'

const kernel = defineFusedKernel(
  {
    name: 'RotaryHalf',
    outputs: ({ x }) => [x],
    compose: ({ x, cos, sin }, { inverse }: { inverse: boolean }) => {
      const [B, T, H, D] = x.shape as [number, number, number, number], half = cos.shape[2] as number
      const c = tf.reshape(cos, [B, T, 1, half]), s = tf.reshape(inverse ? tf.neg(sin) : sin, [B, T, 1, half])
      const first = tf.slice(x, [0, 0, 0, 0], [B, T, H, half]), second = tf.slice(x, [0, 0, 0, half], [B, T, H, half])
      const rotated = [tf.sub(tf.mul(first, c), tf.mul(second, s)), tf.add(tf.mul(second, c), tf.mul(first, s))]
      if (2 * half < D) rotated.push(tf.slice(x, [0, 0, 0, 2 * half], [B, T, H, D - 2 * half]))
      return [tf.concat(rotated, 3)]
    },
    gradient: ([dy], { cos, sin }, { inverse }: { inverse: boolean }) => ({ x: () => kernel({ x: dy, cos, sin }, { inverse: !inverse })[0] })
  },
  ['x', 'cos', 'sin']
)

/**
 * Rotates the first R dimensions of every head, pairing dimension i with i + R/2 (`rotate_half` of transformers' LLaMA).
 *
 * @param x [B, T, H, D]
 * @param cos [B, T, R/2]; a factor in both tables scales the rotated dimensions
 * @param sin [B, T, R/2]
 * @returns [B, T, H, D]
 */
export const rotaryHalf = (x: tf.Tensor4D, cos: tf.Tensor3D, sin: tf.Tensor3D): tf.Tensor4D => kernel({ x, cos, sin }, { inverse: false })[0] as tf.Tensor4D
