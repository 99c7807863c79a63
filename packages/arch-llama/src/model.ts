import { gatedMlp, selfAttention, type ModelDefinition, type ParameterSpec } from '@skipwise/nn'
import { embedding, rmsNorm, tf } from '@skipwise/runtime'
import type { LlamaConfig } from './config.js'

/** LLaMA as pure functions (Touvron et al. 2023; transformers `modeling_llama.py`): pre-norm attention and SwiGLU blocks. */
export function defineLlama(config: LlamaConfig): ModelDefinition {
  const { layers, rmsNormEps, tieWordEmbeddings } = config, output = tieWordEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight'
  const geometry = { ...config, rotaryDim: config.headDim }
  return {
    geometry,
    parameters: llamaParameters(config),
    embed: (parameters, ids) => embedding(parameters['model.embed_tokens.weight'] as tf.Tensor2D, ids),
    block(parameters, layer, x, context) {
      if (layer < 0 || layer >= layers) throw new RangeError(`layer ${layer} of ${layers}`)
      const prefix = `model.layers.${layer}`
      const norm = (name: string, input: tf.Tensor2D) => rmsNorm(input, parameters[`${prefix}.${name}.weight`] as tf.Tensor1D, rmsNormEps)
      const attended = tf.add(x, selfAttention(parameters, `${prefix}.self_attn`, norm('input_layernorm', x), layer, geometry, context)) as tf.Tensor2D
      return tf.add(attended, gatedMlp(parameters, `${prefix}.mlp`, norm('post_attention_layernorm', attended))) as tf.Tensor2D
    },
    head: (parameters, x) => ({
      hidden: rmsNorm(x, parameters['model.norm.weight'] as tf.Tensor1D, rmsNormEps),
      weight: parameters[output] as tf.Tensor2D
    })
  }
}

/** Names and shapes as in the checkpoints of transformers. */
export function llamaParameters(config: LlamaConfig): readonly ParameterSpec[] {
  const { vocabSize: V, hiddenSize: d, intermediateSize: F, heads: H, keyValueHeads: K, headDim: D, queryKeyValueBias, outputBias, mlpBias } = config
  const projection = (name: string, out: number, input: number, bias: boolean): ParameterSpec[] => [
    { name: `${name}.weight`, shape: [out, input], initializer: 'normal' },
    ...(bias ? [{ name: `${name}.bias`, shape: [out], initializer: 'zeros' } as const] : [])
  ]
  const norm = (name: string): ParameterSpec => ({ name: `${name}.weight`, shape: [d], initializer: 'ones' })
  const blocks = Array.from({ length: config.layers }, (_, layer) => {
    const prefix = `model.layers.${layer}`
    return [
      norm(`${prefix}.input_layernorm`),
      ...projection(`${prefix}.self_attn.q_proj`, H * D, d, queryKeyValueBias),
      ...projection(`${prefix}.self_attn.k_proj`, K * D, d, queryKeyValueBias),
      ...projection(`${prefix}.self_attn.v_proj`, K * D, d, queryKeyValueBias),
      ...projection(`${prefix}.self_attn.o_proj`, d, H * D, outputBias),
      norm(`${prefix}.post_attention_layernorm`),
      ...projection(`${prefix}.mlp.gate_proj`, F, d, mlpBias),
      ...projection(`${prefix}.mlp.up_proj`, F, d, mlpBias),
      ...projection(`${prefix}.mlp.down_proj`, d, F, mlpBias)
    ]
  })
  return [
    { name: 'model.embed_tokens.weight', shape: [V, d], initializer: 'normal' },
    ...blocks.flat(),
    norm('model.norm'),
    ...(config.tieWordEmbeddings ? [] : [{ name: 'lm_head.weight', shape: [V, d], initializer: 'normal' } as const])
  ]
}
