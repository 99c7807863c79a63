import { tf } from '@skipwise/runtime'
import { normal, type CaseInput, type KernelCase } from './kernel-cases.js'

type Tensors = Record<string, tf.Tensor>

/** The output of `fn`, and its gradients with regard to the `of` inputs under a random output gradient. */
export function withGradients(
  label: string,
  inputs: Record<string, CaseInput>,
  outputShape: readonly number[],
  fn: (inputs: Tensors) => tf.Tensor,
  of: readonly string[]
): KernelCase {
  return {
    label,
    inputs: { ...inputs, dy: normal(outputShape, 9) },
    fn: tensors => {
      const gradients = tf.grads((...values) =>
        fn({ ...tensors, ...Object.fromEntries(of.map((name, i) => [name, values[i]])) })
      )(
        of.map(name => tensors[name]),
        tensors.dy
      )
      return { output: fn(tensors), ...Object.fromEntries(of.map((name, i) => [`gradient of ${name}`, gradients[i]])) }
    }
  }
}

/** Positions of PoSE examples: a skip in the middle of every row. */
export const skipping = (B: number, T: number): CaseInput => ({
  shape: [B, T],
  dtype: 'float32',
  data: Float32Array.from({ length: B * T }, (_, i) => (i % T) + (2 * (i % T) < T ? 0 : 10 + Math.floor(i / T)))
})

/** Which document a token belongs to: the rows of a batch are cut at places of their own. */
export const documents = (B: number, T: number, ends: readonly number[]): CaseInput => ({
  shape: [B, T],
  dtype: 'float32',
  data: Float32Array.from({ length: B * T }, (_, i) => ends.filter(end => end + Math.floor(i / T) <= i % T).length)
})
