import { definePlugin, validate } from '@skipwise/core'
import {
  activations,
  attention,
  configError,
  embeddingSpecs,
  linear,
  linearSpecs,
  normSpecs,
  type Architecture,
  type ModelDefinition,
  type Parameters
} from '@skipwise/nn'
import { embedding, layerNorm, tf } from '@skipwise/runtime'
import { z } from 'zod'

const size = z.int().min(1)

/**
 * The keys of `config.json` that decide the shape, with the defaults of transformers; other keys are kept and ignored.
 */
const phiConfig = z.looseObject({
  model_type: z.literal('phi'),
  vocab_size: size.default(51200),
  hidden_size: size.default(2048),
  intermediate_size: size.default(8192),
  num_hidden_layers: size.default(24),
  num_attention_heads: size.default(32),
  num_key_value_heads: size.nullish(),
  max_position_embeddings: size.default(2048),
  partial_rotary_factor: z.number().min(0).max(1).default(0.5),
  hidden_act: z.enum(Object.keys(activations)).default('gelu_new'),
  layer_norm_eps: z.number().positive().default(1e-5)
})

/**
 * Phi as pure functions: one layer norm a block feeds both attention and feed-forward, every linear layer has a bias.
 */
function definePhi(json: Readonly<Record<string, unknown>>): ModelDefinition {
  const config = validate(phiConfig, json, 'ARCHITECTURE_CONFIG', 'config.json of a Phi')
  const {
    vocab_size: V,
    hidden_size: d,
    intermediate_size: F,
    num_hidden_layers: layers,
    num_attention_heads: H,
    hidden_act,
    layer_norm_eps
  } = config
  const K = config.num_key_value_heads ?? H
  const D = d / H
  const R = Math.floor(D * config.partial_rotary_factor)
  if (!Number.isInteger(D)) throw configError('a Phi', `hidden_size ${d} is not a multiple of num_attention_heads ${H}`)
  if (H % K !== 0) throw configError('a Phi', `num_attention_heads ${H} is not a multiple of num_key_value_heads ${K}`)
  if (R % 2 !== 0)
    throw configError('a Phi', `partial_rotary_factor turns ${R} dimensions of a head, which are not pairs`)

  const geometry = {
    vocabSize: V,
    hiddenSize: d,
    layers,
    heads: H,
    keyValueHeads: K,
    headDim: D,
    rotaryDim: R,
    maxPositionEmbeddings: config.max_position_embeddings
  }
  const norm = (parameters: Parameters, name: string, x: tf.Tensor2D) =>
    layerNorm(x, parameters[`${name}.weight`] as tf.Tensor1D, parameters[`${name}.bias`] as tf.Tensor1D, layer_norm_eps)
  const blockSpecs = (prefix: string) => [
    ...normSpecs(`${prefix}.input_layernorm`, d, true),
    ...linearSpecs(`${prefix}.self_attn.q_proj`, H * D, d, true),
    ...linearSpecs(`${prefix}.self_attn.k_proj`, K * D, d, true),
    ...linearSpecs(`${prefix}.self_attn.v_proj`, K * D, d, true),
    ...linearSpecs(`${prefix}.self_attn.dense`, d, H * D, true),
    ...linearSpecs(`${prefix}.mlp.fc1`, F, d, true),
    ...linearSpecs(`${prefix}.mlp.fc2`, d, F, true)
  ]
  return {
    geometry,
    // dimension i is paired with i + R/2
    positionalEncoding: 'rotary-half',
    windowKeys: ['max_position_embeddings'],
    parameters: [
      ...embeddingSpecs('model.embed_tokens', V, d),
      ...Array.from({ length: layers }, (_, layer) => blockSpecs(`model.layers.${layer}`)).flat(),
      ...normSpecs('model.final_layernorm', d, true),
      ...linearSpecs('lm_head', V, d, true)
    ],
    embed: (parameters, ids) => embedding(parameters['model.embed_tokens.weight'] as tf.Tensor2D, ids),
    block(parameters, layer, x, context) {
      const prefix = `model.layers.${layer}`
      const normed = norm(parameters, `${prefix}.input_layernorm`, x)
      const project = (name: string) => linear(parameters, `${prefix}.self_attn.${name}`, normed)
      // positions and masks are the context's business: training, chunked prefill and decoding bring their own
      const mixed = attention(layer, project('q_proj'), project('k_proj'), project('v_proj'), geometry, context)
      const attended = linear(parameters, `${prefix}.self_attn.dense`, mixed)
      const inner = activations[hidden_act](linear(parameters, `${prefix}.mlp.fc1`, normed)) as tf.Tensor2D
      return tf.addN([attended, linear(parameters, `${prefix}.mlp.fc2`, inner), x]) as tf.Tensor2D
    },
    head: (parameters, x) => ({
      hidden: norm(parameters, 'model.final_layernorm', x),
      weight: parameters['lm_head.weight'] as tf.Tensor2D,
      bias: parameters['lm_head.bias'] as tf.Tensor1D
    })
  }
}

/** The plugin: once registered, every `config.json` with `model_type: phi` is read by it. */
export const phi = definePlugin({
  kind: 'architecture',
  name: 'example/phi',
  summary: 'Phi-1, Phi-1.5, Phi-2: parallel blocks, partial rotary, biases everywhere',
  config: z.strictObject({}),
  create: (): Architecture => ({ modelTypes: ['phi'], define: definePhi })
})
