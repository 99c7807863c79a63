import { definePlugin } from '@skipwise/core'
import {
  embeddingSpecs,
  linearSpecs,
  mlp,
  normSpecs,
  selfAttention,
  type Architecture,
  type ModelDefinition,
  type Parameters,
  type ParameterSpec
} from '@skipwise/nn'
import { embedding, layerNorm, tf } from '@skipwise/runtime'
import { z } from 'zod'
import { parseGptjConfig, type GptjConfig } from './config.js'

/**
 * GPT-J as pure functions (Wang & Komatsuzaki 2021; transformers `modeling_gptj.py`): one layer norm a block, whose
 * output goes both through attention and through the feed-forward, and an output layer with a bias. Base and window of
 * RoPE are the configuration's: the authors' code fixes them to 10,000 and 2,048.
 */
export function defineGptj(config: GptjConfig): ModelDefinition {
  const { layers, layerNormEpsilon, activation, tieWordEmbeddings } = config
  const geometry = { ...config, keyValueHeads: config.heads }
  const norm = (parameters: Parameters, name: string, x: tf.Tensor2D) =>
    layerNorm(
      x,
      parameters[`${name}.weight`] as tf.Tensor1D,
      parameters[`${name}.bias`] as tf.Tensor1D,
      layerNormEpsilon
    )
  return {
    geometry,
    positionalEncoding: 'rotary-interleaved',
    windowKeys: ['n_positions'],
    ...(tieWordEmbeddings && { tied: { embedding: 'transformer.wte.weight', head: 'lm_head.weight' } }),
    parameters: gptjParameters(config),
    embed: (parameters, ids) => embedding(parameters['transformer.wte.weight'] as tf.Tensor2D, ids),
    block(parameters, layer, x, context) {
      if (layer < 0 || layer >= layers) throw new RangeError(`layer ${layer} of ${layers}`)
      const prefix = `transformer.h.${layer}`
      const normed = norm(parameters, `${prefix}.ln_1`, x)
      const attended = selfAttention(parameters, `${prefix}.attn`, normed, layer, geometry, context, {
        output: 'out_proj'
      })
      return tf.add(tf.add(attended, mlp(parameters, `${prefix}.mlp`, normed, activation)), x) as tf.Tensor2D
    },
    head: (parameters, x) => ({
      hidden: norm(parameters, 'transformer.ln_f', x),
      weight: parameters[tieWordEmbeddings ? 'transformer.wte.weight' : 'lm_head.weight'] as tf.Tensor2D,
      bias: parameters['lm_head.bias'] as tf.Tensor1D
    })
  }
}

/** Names and shapes as in the checkpoints of transformers. */
export function gptjParameters({
  vocabSize: V,
  hiddenSize: d,
  intermediateSize: F,
  layers,
  tieWordEmbeddings
}: GptjConfig): readonly ParameterSpec[] {
  const blocks = Array.from({ length: layers }, (_, layer) => {
    const prefix = `transformer.h.${layer}`
    return [
      ...normSpecs(`${prefix}.ln_1`, d, true),
      ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].flatMap(name => linearSpecs(`${prefix}.attn.${name}`, d, d)),
      ...linearSpecs(`${prefix}.mlp.fc_in`, F, d, true),
      ...linearSpecs(`${prefix}.mlp.fc_out`, d, F, true)
    ]
  })
  const output = linearSpecs('lm_head', V, d, true)
  return [
    ...embeddingSpecs('transformer.wte', V, d),
    ...blocks.flat(),
    ...normSpecs('transformer.ln_f', d, true),
    ...(tieWordEmbeddings ? output.slice(1) : output)
  ]
}

/** GPT-J. */
export const gptj = definePlugin({
  kind: 'architecture',
  name: 'gptj',
  summary: 'GPT-J: interleaved partial rotary, parallel residual, layer norm, biases, an output layer with a bias',
  config: z.strictObject({}),
  create: (): Architecture => ({ modelTypes: ['gptj'], define: json => defineGptj(parseGptjConfig(json)) })
})
