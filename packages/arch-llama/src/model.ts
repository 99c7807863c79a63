import { definePlugin } from '@skipwise/core'
import { gatedMlp, selfAttention, type Architecture, type ModelDefinition, type Parameters } from '@skipwise/nn'
import { embedding, tf } from '@skipwise/runtime'
import { z } from 'zod'
import { parseLlamaConfig, type LlamaConfig } from './config.js'
import { modelTypes } from './keys.js'
import { normOf, queryKeyNorm } from './norms.js'
import { llamaParameters } from './parameters.js'

/**
 * LLaMA as pure functions (Touvron et al. 2023; transformers `modeling_llama.py`): pre-norm attention and gated
 * feed-forward blocks, and the models whose blocks differ from these in the ways of {@link LlamaConfig}.
 */
export function defineLlama(config: LlamaConfig): ModelDefinition {
  const { layers, tieWordEmbeddings, activation, slidingWindows, hasPositions, localRopeBase, form, multipliers } =
    config
  const output = tieWordEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight'
  const [qkv, gateUp] = form.fusedProjections ? ['qkv_proj', 'gate_up_proj'] : []
  const scaled = (x: tf.Tensor2D, by: number) => (by === 1 ? x : (tf.mul(x, by) as tf.Tensor2D))
  const plus = (x: tf.Tensor2D, y: tf.Tensor2D) => tf.add(x, scaled(y, multipliers.residual)) as tf.Tensor2D
  return {
    geometry: config,
    positionalEncoding: 'rotary-half',
    windowKeys: ['max_position_embeddings'],
    ...(tieWordEmbeddings && { tied: { embedding: 'model.embed_tokens.weight', head: 'lm_head.weight' } }),
    parameters: llamaParameters(config),
    embed: (parameters, ids) =>
      scaled(embedding(parameters['model.embed_tokens.weight'] as tf.Tensor2D, ids), multipliers.embedding),
    block(parameters, layer, x, context) {
      if (layer < 0 || layer >= layers) throw new RangeError(`layer ${layer} of ${layers}`)
      const prefix = `model.layers.${layer}`
      const norm = (name: string, input: tf.Tensor2D) => normOf(parameters, `${prefix}.${name}`, input, config)
      const attended = (input: tf.Tensor2D) =>
        selfAttention(parameters, `${prefix}.self_attn`, input, layer, config, context, {
          slidingWindow: slidingWindows[layer],
          hasPositions: hasPositions[layer],
          hasLocalRope: localRopeBase !== undefined && slidingWindows[layer] !== undefined,
          norm: queryKeyNorm(parameters, `${prefix}.self_attn`, config),
          fused: qkv
        })
      const fed = (input: tf.Tensor2D) => gatedMlp(parameters, `${prefix}.mlp`, input, activation, { fused: gateUp })
      if (form.residual === 'parallel') {
        const normed = norm('input_layernorm', x)
        return plus(plus(x, attended(normed)), fed(normed))
      }
      if (form.residual === 'post-norm') {
        const after = plus(x, norm('post_attention_layernorm', attended(x)))
        return plus(after, norm('post_feedforward_layernorm', fed(after)))
      }
      if (form.residual === 'both') {
        const after = plus(x, norm('post_attention_layernorm', attended(norm('input_layernorm', x))))
        const given = fed(norm('pre_feedforward_layernorm', after))
        return plus(after, norm('post_feedforward_layernorm', given))
      }
      const after = plus(x, attended(norm('input_layernorm', x)))
      return plus(after, fed(norm('post_attention_layernorm', after)))
    },
    head: (parameters: Parameters, x) => ({
      // the output layer is linear: dividing what it reads divides the logits
      hidden: scaled(normOf(parameters, 'model.norm', x, config), 1 / multipliers.logitsDivisor),
      weight: parameters[output] as tf.Tensor2D,
      softCap: config.logitSoftCap
    })
  }
}

/** LLaMA 1/2/3 and the models of the same blocks. */
export const llama = definePlugin({
  kind: 'architecture',
  name: 'llama',
  summary:
    'LLaMA 1/2/3, SmolLM2, Mistral, Qwen2, Qwen3, OLMo 2 and 3, Granite, SmolLM3, StableLM, Phi-3, Gemma 1 to 3: one block',
  config: z.strictObject({}),
  create: (): Architecture => ({ modelTypes, define: json => defineLlama(parseLlamaConfig(json)) })
})
