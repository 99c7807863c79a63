import { definePlugin } from '@skipwise/core'
import {
  activations,
  attention,
  embeddingSpecs,
  linear,
  linearSpecs,
  normSpecs,
  type Architecture,
  type BlockContext,
  type ModelDefinition,
  type ModelGeometry,
  type Parameters,
  type ParameterSpec
} from '@skipwise/nn'
import { embedding, layerNorm, tf } from '@skipwise/runtime'
import { z } from 'zod'
import { parseGptneoxConfig, type GptneoxConfig } from './config.js'

/**
 * GPT-NeoX as pure functions (Black et al. 2022; transformers `modeling_gpt_neox.py`): one projection gives queries,
 * keys and values of each head, a part of each head turns, and attention and feed-forward are added to the same hidden
 * states, each after a layer norm of its own; without `use_parallel_residual` they come one after the other.
 */
export function defineGptneox(config: GptneoxConfig): ModelDefinition {
  const { layers, layerNormEpsilon, activation, parallelResidual, tieWordEmbeddings } = config
  const geometry = { ...config, keyValueHeads: config.heads }
  const norm = (parameters: Parameters, name: string, x: tf.Tensor2D) =>
    layerNorm(
      x,
      parameters[`${name}.weight`] as tf.Tensor1D,
      parameters[`${name}.bias`] as tf.Tensor1D,
      layerNormEpsilon
    )
  const feedForward = (parameters: Parameters, prefix: string, x: tf.Tensor2D) => {
    const wide = activations[activation](linear(parameters, `${prefix}.dense_h_to_4h`, x)) as tf.Tensor2D
    return linear(parameters, `${prefix}.dense_4h_to_h`, wide)
  }
  return {
    geometry,
    positionalEncoding: 'rotary-half',
    windowKeys: ['max_position_embeddings'],
    ...(tieWordEmbeddings && { tied: { embedding: 'gpt_neox.embed_in.weight', head: 'embed_out.weight' } }),
    parameters: gptneoxParameters(config),
    embed: (parameters, ids) => embedding(parameters['gpt_neox.embed_in.weight'] as tf.Tensor2D, ids),
    block(parameters, layer, x, context) {
      if (layer < 0 || layer >= layers) throw new RangeError(`layer ${layer} of ${layers}`)
      const prefix = `gpt_neox.layers.${layer}`
      const normed = norm(parameters, `${prefix}.input_layernorm`, x)
      const attended = fusedAttention(parameters, `${prefix}.attention`, normed, layer, geometry, context)
      const after = tf.add(attended, x) as tf.Tensor2D
      const input = norm(parameters, `${prefix}.post_attention_layernorm`, parallelResidual ? x : after)
      return tf.add(after, feedForward(parameters, `${prefix}.mlp`, input)) as tf.Tensor2D
    },
    head: (parameters, x) => ({
      hidden: norm(parameters, 'gpt_neox.final_layer_norm', x),
      weight: parameters[tieWordEmbeddings ? 'gpt_neox.embed_in.weight' : 'embed_out.weight'] as tf.Tensor2D
    })
  }
}

/** `query_key_value` gives D queries, D keys and D values of a head, then those of the next: [N, d] → [N, H·D]. */
function fusedAttention(
  parameters: Parameters,
  prefix: string,
  x: tf.Tensor2D,
  layer: number,
  geometry: ModelGeometry,
  context: BlockContext
): tf.Tensor2D {
  const { heads, headDim } = geometry
  const fused = tf.reshape(linear(parameters, `${prefix}.query_key_value`, x), [-1, heads, 3, headDim]) as tf.Tensor4D
  const rows = x.shape[0]
  const [query, key, value] = [0, 1, 2].map(
    which =>
      tf.reshape(tf.slice(fused, [0, 0, which, 0], [rows, heads, 1, headDim]), [rows, heads * headDim]) as tf.Tensor2D
  )
  return linear(parameters, `${prefix}.dense`, attention(layer, query, key, value, geometry, context))
}

/** Names and shapes as in the checkpoints of transformers. */
export function gptneoxParameters({
  vocabSize: V,
  hiddenSize: d,
  intermediateSize: F,
  layers,
  attentionBias,
  tieWordEmbeddings
}: GptneoxConfig): readonly ParameterSpec[] {
  const blocks = Array.from({ length: layers }, (_, layer) => {
    const prefix = `gpt_neox.layers.${layer}`
    return [
      ...normSpecs(`${prefix}.input_layernorm`, d, true),
      ...normSpecs(`${prefix}.post_attention_layernorm`, d, true),
      ...linearSpecs(`${prefix}.attention.query_key_value`, 3 * d, d, attentionBias),
      ...linearSpecs(`${prefix}.attention.dense`, d, d, attentionBias),
      ...linearSpecs(`${prefix}.mlp.dense_h_to_4h`, F, d, true),
      ...linearSpecs(`${prefix}.mlp.dense_4h_to_h`, d, F, true)
    ]
  })
  return [
    ...embeddingSpecs('gpt_neox.embed_in', V, d),
    ...blocks.flat(),
    ...normSpecs('gpt_neox.final_layer_norm', d, true),
    ...(tieWordEmbeddings ? [] : linearSpecs('embed_out', V, d))
  ]
}

/** GPT-NeoX and Pythia. */
export const gptneox = definePlugin({
  kind: 'architecture',
  name: 'gptneox',
  summary: 'GPT-NeoX, Pythia: fused projections, partial rotary, parallel residual, layer norm, biases',
  config: z.strictObject({}),
  create: (): Architecture => ({ modelTypes: ['gpt_neox'], define: json => defineGptneox(parseGptneoxConfig(json)) })
})
