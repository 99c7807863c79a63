import { headRmsNorm, normSpecs, type Parameters, type ParameterSpec, type SelfAttentionOptions } from '@skipwise/nn'
import { layerNorm, rmsNorm, tf } from '@skipwise/runtime'
import type { LlamaConfig } from './config.js'

/** The norm of hidden states [N, d]. */
export function normOf(
  parameters: Parameters,
  name: string,
  x: tf.Tensor2D,
  { form, normEpsilon }: LlamaConfig
): tf.Tensor2D {
  const weight = parameters[`${name}.weight`] as tf.Tensor1D
  switch (form.norm) {
    case 'rms':
      return rmsNorm(x, weight, normEpsilon)
    case 'rms of 1 + weight':
      return rmsNorm(x, tf.add(weight, 1) as tf.Tensor1D, normEpsilon)
    case 'layer':
      return layerNorm(x, weight, parameters[`${name}.bias`] as tf.Tensor1D, normEpsilon)
  }
}

/** Parameters of {@link normOf}: a weight that is added to 1 begins at 0. */
export function hiddenNormSpecs(name: string, { form, hiddenSize }: LlamaConfig): ParameterSpec[] {
  return form.norm === 'rms of 1 + weight'
    ? [{ name: `${name}.weight`, shape: [hiddenSize], initializer: 'zeros' }]
    : normSpecs(name, hiddenSize, form.norm === 'layer')
}

/** The norm of queries and keys under the prefix of an attention; undefined where there is none. */
export function queryKeyNorm(
  parameters: Parameters,
  prefix: string,
  { form, normEpsilon, heads, keyValueHeads, headDim }: LlamaConfig
): SelfAttentionOptions['norm'] {
  const weightOf = (name: string) => parameters[`${prefix}.${name}.weight`] as tf.Tensor1D
  const rmsWeightOf = (role: Role) => {
    const weight = weightOf(rmsName(role))
    return form.norm === 'rms of 1 + weight' ? (tf.add(weight, 1) as tf.Tensor1D) : weight
  }
  switch (form.queryKeyNorm) {
    case 'none':
      return undefined
    case 'shared by heads':
      return (x, role) => headRmsNorm(x, rmsWeightOf(role), normEpsilon)
    case 'of all heads':
      return (x, role) => rmsNorm(x, rmsWeightOf(role), normEpsilon)
    case 'own to each head':
      return (x, role) => {
        const count = role === 'query' ? heads : keyValueHeads
        const weights = Array.from({ length: count }, (_, head) => weightOf(ownName(role, head)))
        return headLayerNorm(x, weights, headDim, normEpsilon)
      }
  }
}

type Role = 'query' | 'key'
const rmsName = (role: Role) => (role === 'query' ? 'q_norm' : 'k_norm')
const ownName = (role: Role, head: number) => `${role === 'query' ? 'q' : 'k'}_layernorm.norms.${head}`

/** A layer norm of every head, [N, heads·D], without biases: one pass over all heads, then their weights. */
function headLayerNorm(x: tf.Tensor2D, weights: tf.Tensor1D[], headDim: number, epsilon: number): tf.Tensor2D {
  const rows = tf.reshape(x, [-1, headDim]) as tf.Tensor2D
  const normed = layerNorm(rows, tf.ones([headDim]), tf.zeros([headDim]), epsilon)
  const together = weights.length === 1 ? weights[0] : tf.concat1d(weights)
  return tf.mul(tf.reshape(normed, x.shape), together) as tf.Tensor2D
}

/** Parameters of {@link queryKeyNorm}. */
export function queryKeyNormSpecs(
  prefix: string,
  { form, heads, keyValueHeads, headDim }: LlamaConfig
): ParameterSpec[] {
  const specs = (name: string, size: number): ParameterSpec[] =>
    form.norm === 'rms of 1 + weight'
      ? [{ name: `${name}.weight`, shape: [size], initializer: 'zeros' }]
      : normSpecs(name, size)
  const roles = [
    ['query', heads],
    ['key', keyValueHeads]
  ] as const
  switch (form.queryKeyNorm) {
    case 'none':
      return []
    case 'shared by heads':
      return roles.flatMap(([role]) => specs(`${prefix}.${rmsName(role)}`, headDim))
    case 'of all heads':
      return roles.flatMap(([role, count]) => specs(`${prefix}.${rmsName(role)}`, count * headDim))
    case 'own to each head':
      return roles.flatMap(([role, count]) =>
        Array.from({ length: count }, (_, head) => normSpecs(`${prefix}.${ownName(role, head)}`, headDim)).flat()
      )
  }
}
