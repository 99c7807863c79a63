import { definePlugin } from '@skipwise/core'
import {
  activations,
  embeddingSpecs,
  linear,
  linearSpecs,
  normSpecs,
  selfAttention,
  type Architecture,
  type ModelDefinition,
  type Parameters,
  type ParameterSpec
} from '@skipwise/nn'
import { embedding, layerNorm, tf } from '@skipwise/runtime'
import { z } from 'zod'
import { parsePhiConfig, type PhiConfig } from './config.js'

/**
 * Phi as pure functions (Li et al. 2023; transformers `modeling_phi.py`): one layer norm a block, whose output goes
 * through attention and through the feed-forward, a part of each head turns, and every projection has a bias, the
 * output layer too.
 */
export function definePhi(config: PhiConfig): ModelDefinition {
  const { layers, headDim, layerNormEpsilon, activation, headNorms, tieWordEmbeddings } = config
  const norm = (parameters: Parameters, name: string, x: tf.Tensor2D) =>
    layerNorm(
      x,
      parameters[`${name}.weight`] as tf.Tensor1D,
      parameters[`${name}.bias`] as tf.Tensor1D,
      layerNormEpsilon
    )
  const headNorm = (parameters: Parameters, name: string, x: tf.Tensor2D) =>
    tf.reshape(norm(parameters, name, tf.reshape(x, [-1, headDim]) as tf.Tensor2D), x.shape) as tf.Tensor2D
  const feedForward = (parameters: Parameters, prefix: string, x: tf.Tensor2D) =>
    linear(parameters, `${prefix}.fc2`, activations[activation](linear(parameters, `${prefix}.fc1`, x)) as tf.Tensor2D)
  return {
    geometry: config,
    positionalEncoding: 'rotary-half',
    windowKeys: ['max_position_embeddings'],
    ...(tieWordEmbeddings && { tied: { embedding: 'model.embed_tokens.weight', head: 'lm_head.weight' } }),
    parameters: phiParameters(config),
    embed: (parameters, ids) => embedding(parameters['model.embed_tokens.weight'] as tf.Tensor2D, ids),
    block(parameters, layer, x, context) {
      if (layer < 0 || layer >= layers) throw new RangeError(`layer ${layer} of ${layers}`)
      const prefix = `model.layers.${layer}`
      const normed = norm(parameters, `${prefix}.input_layernorm`, x)
      const attended = selfAttention(parameters, `${prefix}.self_attn`, normed, layer, config, context, {
        output: 'dense',
        norm: headNorms
          ? (heads, role) => headNorm(parameters, `${prefix}.self_attn.${normNames[role]}`, heads)
          : undefined
      })
      return tf.add(tf.add(attended, feedForward(parameters, `${prefix}.mlp`, normed)), x) as tf.Tensor2D
    },
    head: (parameters, x) => ({
      hidden: norm(parameters, 'model.final_layernorm', x),
      weight: parameters[tieWordEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight'] as tf.Tensor2D,
      bias: parameters['lm_head.bias'] as tf.Tensor1D
    })
  }
}

const normNames = { query: 'q_layernorm', key: 'k_layernorm' } as const

/** Names and shapes as in the checkpoints of transformers. */
export function phiParameters(config: PhiConfig): readonly ParameterSpec[] {
  const { vocabSize: V, hiddenSize: d, intermediateSize: F, heads: H, keyValueHeads: K, headDim: D } = config
  const blocks = Array.from({ length: config.layers }, (_, layer) => {
    const prefix = `model.layers.${layer}`
    return [
      ...linearSpecs(`${prefix}.self_attn.q_proj`, H * D, d, true),
      ...linearSpecs(`${prefix}.self_attn.k_proj`, K * D, d, true),
      ...linearSpecs(`${prefix}.self_attn.v_proj`, K * D, d, true),
      ...linearSpecs(`${prefix}.self_attn.dense`, d, H * D, true),
      ...(config.headNorms
        ? Object.values(normNames).flatMap(name => normSpecs(`${prefix}.self_attn.${name}`, D, true))
        : []),
      ...linearSpecs(`${prefix}.mlp.fc1`, F, d, true),
      ...linearSpecs(`${prefix}.mlp.fc2`, d, F, true),
      ...normSpecs(`${prefix}.input_layernorm`, d, true)
    ]
  })
  const output = linearSpecs('lm_head', V, d, true)
  return [
    ...embeddingSpecs('model.embed_tokens', V, d),
    ...blocks.flat(),
    ...normSpecs('model.final_layernorm', d, true),
    ...(config.tieWordEmbeddings ? output.slice(1) : output)
  ]
}

/** Phi-1, Phi-1.5 and Phi-2. Phi-3 is made of LLaMA's blocks. */
export const phi = definePlugin({
  kind: 'architecture',
  name: 'phi',
  summary: 'Phi-1, Phi-1.5, Phi-2: partial rotary, parallel residual, layer norm, biases',
  config: z.strictObject({}),
  create: (): Architecture => ({ modelTypes: ['phi'], define: json => definePhi(parsePhiConfig(json)) })
})
