import { defineFusedKernel, type KernelFunction } from '../fused-kernel.js'
import { tf } from '../tfjs.js'

type Heads = [B: number, T: number, H: number, D: number]

/** Which dimensions of a head are turned together. */
interface Pairing {
  /** The two partners of every pair among the first 2 · `half` dimensions, each [B, T, H, half]. */
  split(x: tf.Tensor, half: number): [tf.Tensor, tf.Tensor]
  /** The inverse of `split`: [B, T, H, 2 · half]. */
  join(first: tf.Tensor, second: tf.Tensor): tf.Tensor
}

/** Dimension i with i + R/2. */
const halves: Pairing = {
  split(x, half) {
    const [B, T, H] = x.shape as Heads
    const part = (begin: number) => tf.slice(x, [0, 0, 0, begin], [B, T, H, half])
    return [part(0), part(half)]
  },
  join: (first, second) => tf.concat([first, second], 3)
}

/** Dimension 2i with 2i + 1. */
const neighbours: Pairing = {
  split(x, half) {
    const [B, T, H, D] = x.shape as Heads
    const pairs = tf.reshape(2 * half < D ? tf.slice(x, [0, 0, 0, 0], [B, T, H, 2 * half]) : x, [B * T * H, half, 2])
    const part = (at: number) => tf.reshape(tf.slice(pairs, [0, 0, at], [B * T * H, half, 1]), [B, T, H, half])
    return [part(0), part(1)]
  },
  join(first, second) {
    const [B, T, H, half] = first.shape as Heads
    const column = (x: tf.Tensor) => tf.reshape(x, [B * T * H, half, 1])
    return tf.reshape(tf.concat([column(first), column(second)], 2), [B, T, H, 2 * half])
  }
}

function defineRotary(name: 'RotaryHalf' | 'RotaryInterleaved', { split, join }: Pairing) {
  const kernel: KernelFunction<typeof name> = defineFusedKernel({
    name,
    outputs: ({ x }) => [x],
    compose: ({ x, cos, sin }, { inverse }) => {
      const [B, T, H, D] = x.shape as Heads
      const half = cos.shape[2] as number
      const c = tf.reshape(cos, [B, T, 1, half])
      const s = tf.reshape(inverse ? tf.neg(sin) : sin, [B, T, 1, half])
      const [first, second] = split(x, half)
      const rotated = join(tf.sub(tf.mul(first, c), tf.mul(second, s)), tf.add(tf.mul(second, c), tf.mul(first, s)))
      return [
        2 * half < D ? tf.concat([rotated, tf.slice(x, [0, 0, 0, 2 * half], [B, T, H, D - 2 * half])], 3) : rotated
      ]
    },
    gradient: {
      saved: [],
      functions: ([dy], { cos, sin }, { inverse }) => ({
        x: () => kernel({ x: dy, cos, sin }, { inverse: !inverse })[0]
      })
    }
  })
  return (x: tf.Tensor4D, cos: tf.Tensor3D, sin: tf.Tensor3D): tf.Tensor4D =>
    kernel({ x, cos, sin }, { inverse: false })[0] as tf.Tensor4D
}

/**
 * Rotates the first R dimensions of every head, pairing dimension i with i + R/2 (`rotate_half` of transformers'
 * LLaMA).
 *
 * @param x [B, T, H, D]
 * @param cos [B, T, R/2]; a factor in both tables scales the rotated dimensions
 * @param sin [B, T, R/2]
 * @returns [B, T, H, D]
 */
export const rotaryHalf: (x: tf.Tensor4D, cos: tf.Tensor3D, sin: tf.Tensor3D) => tf.Tensor4D = defineRotary(
  'RotaryHalf',
  halves
)

/**
 * Rotates the first R dimensions of every head, pairing dimension 2i with 2i + 1 (`rotate_every_two` of transformers'
 * GPT-J).
 *
 * @param x [B, T, H, D]
 * @param cos [B, T, R/2]; a factor in both tables scales the rotated dimensions
 * @param sin [B, T, R/2]
 * @returns [B, T, H, D]
 */
export const rotaryInterleaved: (x: tf.Tensor4D, cos: tf.Tensor3D, sin: tf.Tensor3D) => tf.Tensor4D = defineRotary(
  'RotaryInterleaved',
  neighbours
)
