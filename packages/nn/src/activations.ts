import { tanhGelu, tf } from '@skipwise/runtime'

/** An elementwise function of a tensor of any shape. */
export type Activation = (x: tf.Tensor) => tf.Tensor

const sigmoidTimes =
  (factor: number): Activation =>
  x =>
    tf.mul(x, tf.sigmoid(factor === 1 ? x : tf.mul(x, factor)))

/**
 * Elementwise activations under the names of `config.json` (`hidden_act`, `activation_function`; transformers'
 * `ACT2FN`).
 */
export const activations: Readonly<Record<string, Activation>> = {
  silu: sigmoidTimes(1),
  swish: sigmoidTimes(1),
  gelu: x => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  gelu_new: tanhGelu,
  gelu_fast: tanhGelu,
  gelu_pytorch_tanh: tanhGelu,
  quick_gelu: sigmoidTimes(1.702),
  relu: tf.relu,
  relu2: x => tf.square(tf.relu(x)),
  tanh: tf.tanh,
  sigmoid: tf.sigmoid
}
