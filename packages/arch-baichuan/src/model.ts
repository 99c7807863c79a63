import { definePlugin } from '@skipwise/core'
import {
  attention,
  embeddingSpecs,
  gatedMlp,
  l2Normalize,
  linear,
  linearSpecs,
  normSpecs,
  type Architecture,
  type ModelDefinition,
  type ParameterSpec
} from '@skipwise/nn'
import { embedding, rmsNorm, tf } from '@skipwise/runtime'
import { z } from 'zod'
import { parseBaichuanConfig, type BaichuanConfig } from './config.js'

/**
 * Baichuan and Baichuan2 as pure functions (Yang et al. 2023; the authors' `modeling_baichuan.py`): LLaMA's blocks with
 * one projection for queries, keys and values. The normalised output rows of Baichuan2 are computed from the weights
 * wherever they are used, so that training continues with the weights themselves; the authors' code replaces the
 * weights by their normalised copy in its first evaluation.
 */
export function defineBaichuan(config: BaichuanConfig): ModelDefinition {
  const { layers, heads, headDim, rmsNormEps, positionEmbedding, normalizedHead, windowKeys } = config
  const rotates = positionEmbedding === 'rope'
  const geometry = { ...config, keyValueHeads: heads, rotaryDim: rotates ? headDim : 0 }
  return {
    geometry,
    positionalEncoding: rotates ? 'rotary-half' : 'alibi',
    windowKeys,
    configKeys: { position_embedding: positionEmbedding, normalized_head: normalizedHead },
    parameters: baichuanParameters(config),
    embed: (parameters, ids) => embedding(parameters['model.embed_tokens.weight'] as tf.Tensor2D, ids),
    block(parameters, layer, x, context) {
      if (layer < 0 || layer >= layers) throw new RangeError(`layer ${layer} of ${layers}`)
      const prefix = `model.layers.${layer}`
      const norm = (name: string, input: tf.Tensor2D) =>
        rmsNorm(input, parameters[`${prefix}.${name}.weight`] as tf.Tensor1D, rmsNormEps)
      const [query, key, value] = tf.split(
        linear(parameters, `${prefix}.self_attn.W_pack`, norm('input_layernorm', x)),
        3,
        1
      ) as tf.Tensor2D[]
      const residual = tf.add(
        x,
        linear(parameters, `${prefix}.self_attn.o_proj`, attention(layer, query, key, value, geometry, context))
      ) as tf.Tensor2D
      return tf.add(
        residual,
        gatedMlp(parameters, `${prefix}.mlp`, norm('post_attention_layernorm', residual))
      ) as tf.Tensor2D
    },
    head(parameters, x) {
      const weight = parameters['lm_head.weight'] as tf.Tensor2D
      return {
        hidden: rmsNorm(x, parameters['model.norm.weight'] as tf.Tensor1D, rmsNormEps),
        weight: normalizedHead ? l2Normalize(weight) : weight
      }
    }
  }
}

/** Names and shapes as in the authors' checkpoints. */
export function baichuanParameters({
  vocabSize: V,
  hiddenSize: d,
  intermediateSize: F,
  layers
}: BaichuanConfig): readonly ParameterSpec[] {
  const blocks = Array.from({ length: layers }, (_, layer) => {
    const prefix = `model.layers.${layer}`
    return [
      ...normSpecs(`${prefix}.input_layernorm`, d),
      ...linearSpecs(`${prefix}.self_attn.W_pack`, 3 * d, d),
      ...linearSpecs(`${prefix}.self_attn.o_proj`, d, d),
      ...normSpecs(`${prefix}.post_attention_layernorm`, d),
      ...linearSpecs(`${prefix}.mlp.gate_proj`, F, d),
      ...linearSpecs(`${prefix}.mlp.up_proj`, F, d),
      ...linearSpecs(`${prefix}.mlp.down_proj`, d, F)
    ]
  })
  return [
    ...embeddingSpecs('model.embed_tokens', V, d),
    ...blocks.flat(),
    ...normSpecs('model.norm', d),
    ...linearSpecs('lm_head', V, d)
  ]
}

/** Baichuan and Baichuan2. */
export const baichuan = definePlugin({
  kind: 'architecture',
  name: 'baichuan',
  summary:
    'Baichuan and Baichuan2, 7B (RoPE) and 13B (ALiBi): one projection for queries, keys and values, L2-normalised output rows',
  config: z.strictObject({}),
  create: (): Architecture => ({
    modelTypes: ['baichuan'],
    define: (json, hint) => defineBaichuan(parseBaichuanConfig(json, hint))
  })
})
