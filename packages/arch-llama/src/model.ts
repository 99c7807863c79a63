import { definePlugin } from '@skipwise/core'
import {
  embeddingSpecs,
  gatedMlp,
  linearSpecs,
  normSpecs,
  selfAttention,
  type Architecture,
  type ModelDefinition,
  type ParameterSpec
} from '@skipwise/nn'
import { embedding, rmsNorm, tf } from '@skipwise/runtime'
import { z } from 'zod'
import { modelTypes, parseLlamaConfig, type LlamaConfig } from './config.js'

/**
 * LLaMA as pure functions (Touvron et al. 2023; transformers `modeling_llama.py`): pre-norm attention and gated
 * feed-forward blocks.
 */
export function defineLlama(config: LlamaConfig): ModelDefinition {
  const { layers, rmsNormEps, tieWordEmbeddings, activation, headNorms, slidingWindows } = config
  const output = tieWordEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight'
  const geometry = { ...config, rotaryDim: config.headDim }
  return {
    geometry,
    positionalEncoding: 'rotary-half',
    windowKeys: ['max_position_embeddings'],
    ...(tieWordEmbeddings && { tied: { embedding: 'model.embed_tokens.weight', head: 'lm_head.weight' } }),
    parameters: llamaParameters(config),
    embed: (parameters, ids) => embedding(parameters['model.embed_tokens.weight'] as tf.Tensor2D, ids),
    block(parameters, layer, x, context) {
      if (layer < 0 || layer >= layers) throw new RangeError(`layer ${layer} of ${layers}`)
      const prefix = `model.layers.${layer}`
      const norm = (name: string, input: tf.Tensor2D) =>
        rmsNorm(input, parameters[`${prefix}.${name}.weight`] as tf.Tensor1D, rmsNormEps)
      const attended = selfAttention(
        parameters,
        `${prefix}.self_attn`,
        norm('input_layernorm', x),
        layer,
        geometry,
        context,
        {
          slidingWindow: slidingWindows[layer],
          headNormEpsilon: headNorms ? rmsNormEps : undefined
        }
      )
      const residual = tf.add(x, attended) as tf.Tensor2D
      return tf.add(
        residual,
        gatedMlp(parameters, `${prefix}.mlp`, norm('post_attention_layernorm', residual), activation)
      ) as tf.Tensor2D
    },
    head: (parameters, x) => ({
      hidden: rmsNorm(x, parameters['model.norm.weight'] as tf.Tensor1D, rmsNormEps),
      weight: parameters[output] as tf.Tensor2D
    })
  }
}

/** Names and shapes as in the checkpoints of transformers. */
export function llamaParameters(config: LlamaConfig): readonly ParameterSpec[] {
  const {
    vocabSize: V,
    hiddenSize: d,
    intermediateSize: F,
    heads: H,
    keyValueHeads: K,
    headDim: D,
    queryKeyValueBias,
    outputBias,
    mlpBias,
    headNorms
  } = config
  const blocks = Array.from({ length: config.layers }, (_, layer) => {
    const prefix = `model.layers.${layer}`
    return [
      ...normSpecs(`${prefix}.input_layernorm`, d),
      ...linearSpecs(`${prefix}.self_attn.q_proj`, H * D, d, queryKeyValueBias),
      ...linearSpecs(`${prefix}.self_attn.k_proj`, K * D, d, queryKeyValueBias),
      ...linearSpecs(`${prefix}.self_attn.v_proj`, K * D, d, queryKeyValueBias),
      ...linearSpecs(`${prefix}.self_attn.o_proj`, d, H * D, outputBias),
      ...(headNorms
        ? [...normSpecs(`${prefix}.self_attn.q_norm`, D), ...normSpecs(`${prefix}.self_attn.k_norm`, D)]
        : []),
      ...normSpecs(`${prefix}.post_attention_layernorm`, d),
      ...linearSpecs(`${prefix}.mlp.gate_proj`, F, d, mlpBias),
      ...linearSpecs(`${prefix}.mlp.up_proj`, F, d, mlpBias),
      ...linearSpecs(`${prefix}.mlp.down_proj`, d, F, mlpBias)
    ]
  })
  return [
    ...embeddingSpecs('model.embed_tokens', V, d),
    ...blocks.flat(),
    ...normSpecs('model.norm', d),
    ...(config.tieWordEmbeddings ? [] : linearSpecs('lm_head', V, d))
  ]
}

/** LLaMA 1/2/3 and the models of the same blocks. */
export const llama = definePlugin({
  kind: 'architecture',
  name: 'llama',
  summary:
    'LLaMA 1/2/3, TinyLlama, Mistral, Qwen2, Qwen3: grouped queries, sliding windows, biases, query and key norms, tied embeddings',
  config: z.strictObject({}),
  create: (): Architecture => ({ modelTypes, define: json => defineLlama(parseLlamaConfig(json)) })
})
