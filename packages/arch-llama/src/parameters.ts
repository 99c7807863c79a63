import { embeddingSpecs, linearSpecs, type ParameterSpec } from '@skipwise/nn'
import type { LlamaConfig } from './config.js'
import { hiddenNormSpecs, queryKeyNormSpecs } from './norms.js'

/** Names of the norms of a block, by where they stand. */
const normNames = {
  'pre-norm': ['input_layernorm', 'post_attention_layernorm'],
  'post-norm': ['post_attention_layernorm', 'post_feedforward_layernorm'],
  both: ['input_layernorm', 'post_attention_layernorm', 'pre_feedforward_layernorm', 'post_feedforward_layernorm'],
  parallel: ['input_layernorm']
} as const

/** Names and shapes as in the checkpoints of transformers. */
export function llamaParameters(config: LlamaConfig): readonly ParameterSpec[] {
  const { vocabSize: V, hiddenSize: d, heads: H, headDim: D, outputBias, form } = config
  const blocks = Array.from({ length: config.layers }, (_, layer) => {
    const prefix = `model.layers.${layer}`
    const [first, ...others] = normNames[form.residual].map(name => hiddenNormSpecs(`${prefix}.${name}`, config))
    return [
      ...first,
      ...projectionSpecs(`${prefix}.self_attn`, config),
      ...linearSpecs(`${prefix}.self_attn.o_proj`, d, H * D, outputBias),
      ...queryKeyNormSpecs(`${prefix}.self_attn`, config),
      ...others.flat(),
      ...mlpSpecs(`${prefix}.mlp`, config)
    ]
  })
  return [
    ...embeddingSpecs('model.embed_tokens', V, d),
    ...blocks.flat(),
    ...hiddenNormSpecs('model.norm', config),
    ...(config.tieWordEmbeddings ? [] : linearSpecs('lm_head', V, d))
  ]
}

/** Projections to queries, keys and values. */
function projectionSpecs(prefix: string, config: LlamaConfig): ParameterSpec[] {
  const { hiddenSize: d, heads: H, keyValueHeads: K, headDim: D, queryKeyValueBias } = config
  if (config.form.fusedProjections) return linearSpecs(`${prefix}.qkv_proj`, (H + 2 * K) * D, d, queryKeyValueBias)
  return [
    ...linearSpecs(`${prefix}.q_proj`, H * D, d, queryKeyValueBias),
    ...linearSpecs(`${prefix}.k_proj`, K * D, d, queryKeyValueBias),
    ...linearSpecs(`${prefix}.v_proj`, K * D, d, queryKeyValueBias)
  ]
}

function mlpSpecs(prefix: string, config: LlamaConfig): ParameterSpec[] {
  const { hiddenSize: d, intermediateSize: F, mlpBias, form } = config
  return [
    ...(form.fusedProjections
      ? linearSpecs(`${prefix}.gate_up_proj`, 2 * F, d, mlpBias)
      : [...linearSpecs(`${prefix}.gate_proj`, F, d, mlpBias), ...linearSpecs(`${prefix}.up_proj`, F, d, mlpBias)]),
    ...linearSpecs(`${prefix}.down_proj`, d, F, mlpBias)
  ]
}
