import { linearCrossEntropy, rmsNorm, swiGlu, tanhGelu, tf } from '@skipwise/runtime'
import type { AttentionRole, BlockContext, Head, ModelGeometry, Parameters, ParameterSpec } from './contracts.js'

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

/** Name of a matrix of the low-rank adapter of a linear layer among parameters, as PEFT names it. */
export const adapterName = (prefix: string, matrix: 'A' | 'B'): string => `${prefix}.lora_${matrix}.weight`

/**
 * x · weightᵀ (+ bias), with weights as checkpoints store them (`torch.nn.Linear`). With a low-rank adapter among the
 * parameters the weight acts as weight + B·A, computed as two thin products: no gradient of the weight's size is ever
 * computed.
 *
 * @param x [N, in]
 * @param prefix names `${prefix}.weight` [out, in] and, when they are there, `${prefix}.bias` [out],
 * `${prefix}.lora_A.weight` [r, in] and `${prefix}.lora_B.weight` [out, r]
 * @returns [N, out]
 */
export function linear(parameters: Parameters, prefix: string, x: tf.Tensor2D): tf.Tensor2D {
  const timesTransposed = (input: tf.Tensor, name: string) =>
    tf.matMul(input as tf.Tensor2D, parameters[name] as tf.Tensor2D, false, true)
  const bias = parameters[`${prefix}.bias`]
  const a = adapterName(prefix, 'A')
  let output = timesTransposed(x, `${prefix}.weight`)
  if (parameters[a]) output = tf.add(output, timesTransposed(timesTransposed(x, a), adapterName(prefix, 'B')))
  return (bias ? tf.add(output, bias) : output) as tf.Tensor2D
}

/**
 * Plain feed-forward: fc_out(activation(fc_in(x))) with `fc_in` and `fc_out` under `prefix`.
 *
 * @param x [N, d], already normed
 * @param activation a name in {@link activations}
 * @returns [N, d]
 */
export const mlp = (parameters: Parameters, prefix: string, x: tf.Tensor2D, activation: string): tf.Tensor2D =>
  linear(
    parameters,
    `${prefix}.fc_out`,
    activations[activation](linear(parameters, `${prefix}.fc_in`, x)) as tf.Tensor2D
  )

/** What differs between gated feed-forwards. */
export interface GatedMlpOptions {
  /** Name of a projection that gives gate and up next to one another, in place of the two. */
  readonly fused?: string | undefined
}

/**
 * Gated feed-forward: down(activation(gate(x)) · up(x)) with `gate_proj`, `up_proj` and `down_proj` under `prefix`.
 *
 * @param x [N, d], already normed
 * @param activation a name in {@link activations}; `silu` makes it SwiGLU
 * @returns [N, d]
 */
export function gatedMlp(
  parameters: Parameters,
  prefix: string,
  x: tf.Tensor2D,
  activation = 'silu',
  { fused }: GatedMlpOptions = {}
): tf.Tensor2D {
  const [gate, up] =
    fused === undefined
      ? ['gate_proj', 'up_proj'].map(name => linear(parameters, `${prefix}.${name}`, x))
      : tf.split<tf.Tensor2D>(linear(parameters, `${prefix}.${fused}`, x), 2, 1)
  const gated = activation === 'silu' ? swiGlu(gate, up) : (tf.mul(activations[activation](gate), up) as tf.Tensor2D)
  return linear(parameters, `${prefix}.down_proj`, gated)
}

/** What differs between layers of one model. */
export interface LayerAttentionOptions {
  /** Tokens that a token attends to, itself included; undefined for all before it. */
  readonly slidingWindow?: number | undefined
  /** Whether queries and keys get positions; `true` if not given. */
  readonly hasPositions?: boolean
  /** Whether they get them by the local RoPE of the model; `false` if not given. */
  readonly hasLocalRope?: boolean
}

/** What differs between models of the same projections. */
export interface SelfAttentionOptions extends LayerAttentionOptions {
  /**
   * What queries [N, H·D] and keys [N, K·D] pass through before they get positions, of the same shape; undefined for
   * nothing. {@link headRmsNorm} is one.
   */
  readonly norm?: ((x: tf.Tensor2D, role: AttentionRole) => tf.Tensor2D) | undefined
  /** Name of a projection that gives queries, keys and values next to one another, in place of the three. */
  readonly fused?: string | undefined
  /** Name of the output projection. */
  readonly output?: string
}

/**
 * Multi-head or grouped-query self-attention with `q_proj`, `k_proj`, `v_proj` and `o_proj` under `prefix`.
 *
 * @param x [N, d], already normed
 * @returns [N, d]
 */
export function selfAttention(
  parameters: Parameters,
  prefix: string,
  x: tf.Tensor2D,
  layer: number,
  geometry: ModelGeometry,
  context: BlockContext,
  options: SelfAttentionOptions = {}
): tf.Tensor2D {
  const { heads, keyValueHeads, headDim } = geometry
  const { norm = same => same, fused, output = 'o_proj' } = options
  const [query, key, value] =
    fused === undefined
      ? ['q_proj', 'k_proj', 'v_proj'].map(name => linear(parameters, `${prefix}.${name}`, x))
      : tf.split<tf.Tensor2D>(
          linear(parameters, `${prefix}.${fused}`, x),
          [heads, keyValueHeads, keyValueHeads].map(count => count * headDim),
          1
        )
  const mixed = attention(layer, norm(query, 'query'), norm(key, 'key'), value, geometry, context, options)
  return linear(parameters, `${prefix}.${output}`, mixed)
}

/**
 * An RMS norm of every head, with one weight for all of them.
 *
 * @param x [N, heads·D]
 * @param weight [D]
 * @returns [N, heads·D]
 */
export function headRmsNorm(x: tf.Tensor2D, weight: tf.Tensor1D, epsilon: number): tf.Tensor2D {
  const rows = tf.reshape(x, [-1, weight.shape[0]]) as tf.Tensor2D
  return tf.reshape(rmsNorm(rows, weight, epsilon), x.shape) as tf.Tensor2D
}

/**
 * Attention between projections: encodes positions of queries and keys, and attends.
 *
 * @param query [N, H·D]
 * @param key [N, K·D]
 * @param value [N, K·D]
 * @returns [N, H·D]
 */
export function attention(
  layer: number,
  query: tf.Tensor2D,
  key: tf.Tensor2D,
  value: tf.Tensor2D,
  { heads, keyValueHeads, headDim }: ModelGeometry,
  context: BlockContext,
  { slidingWindow, hasPositions = true, hasLocalRope = false }: LayerAttentionOptions = {}
): tf.Tensor2D {
  const { batch, length } = context
  const encode = (x: tf.Tensor4D, role: AttentionRole) => (hasPositions ? context.encode(x, role, hasLocalRope) : x)
  const split = (x: tf.Tensor2D, count: number) => tf.reshape(x, [batch, length, count, headDim]) as tf.Tensor4D
  const mixed = context.attend(
    layer,
    encode(split(query, heads), 'query'),
    encode(split(key, keyValueHeads), 'key'),
    split(value, keyValueHeads),
    slidingWindow
  )
  return tf.reshape(mixed, [batch * length, heads * headDim]) as tf.Tensor2D
}

/** Logits of an output layer, [N, V]. */
export function logits({ hidden, weight, bias, softCap }: Head): tf.Tensor2D {
  const product = tf.matMul(hidden, weight, false, true) as tf.Tensor2D
  const raw = bias ? tf.add(product, bias) : product
  return (softCap === undefined ? raw : tf.mul(tf.tanh(tf.div(raw, softCap)), softCap)) as tf.Tensor2D
}

/**
 * −log p of a label at every token, without keeping the logits.
 *
 * @param labels [N], int32
 * @returns [N], nats
 */
export const crossEntropy = ({ hidden, weight, bias, softCap }: Head, labels: tf.Tensor1D): tf.Tensor1D =>
  linearCrossEntropy(hidden, weight, labels, bias, softCap)

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

/** `${name}.weight` [out, in] and, with a bias, `${name}.bias` [out], as `torch.nn.Linear` has them. */
export const linearSpecs = (name: string, out: number, input: number, bias = false): ParameterSpec[] => [
  { name: `${name}.weight`, shape: [out, input], initializer: 'normal' },
  ...(bias ? [{ name: `${name}.bias`, shape: [out], initializer: 'zeros' } as const] : [])
]

/** `${name}.weight` [size] and, with a bias, `${name}.bias` [size], of an RMS norm or a layer norm. */
export const normSpecs = (name: string, size: number, bias = false): ParameterSpec[] => [
  { name: `${name}.weight`, shape: [size], initializer: 'ones' },
  ...(bias ? [{ name: `${name}.bias`, shape: [size], initializer: 'zeros' } as const] : [])
]

/** An embedding table, `${name}.weight` [V, d]. */
export const embeddingSpecs = (name: string, vocabSize: number, size: number): ParameterSpec[] => [
  { name: `${name}.weight`, shape: [vocabSize, size], initializer: 'normal' }
]
