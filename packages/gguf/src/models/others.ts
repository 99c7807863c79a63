import { float32, truth, type MetadataValue } from '../metadata.js'
import {
  modelError,
  ropeEntries,
  ropeTensors,
  sizeKeys,
  type CommonSizes,
  type ModelPlan,
  type Parameter,
  type PlannedTensor,
  type RopeKeys
} from './plan.js'
import { groupByRole } from './rows.js'

/** A GPT-NeoX: what `parseGptneoxConfig` of @skipwise/arch-gptneox gives, as far as it is needed here. */
export interface GptneoxShape extends Omit<CommonSizes, 'contextLength' | 'keyValueHeads'> {
  readonly layerNormEpsilon: number
  readonly activation: string
  readonly parallelResidual: boolean
  readonly attentionBias: boolean
  readonly tieWordEmbeddings: boolean
}

/** A Phi: what `parsePhiConfig` of @skipwise/arch-phi gives, as far as it is needed here. */
export interface PhiShape extends Omit<CommonSizes, 'contextLength'> {
  readonly layerNormEpsilon: number
  readonly activation: string
  readonly headNorms: boolean
  readonly tieWordEmbeddings: boolean
}

const TANH = ['gelu_new', 'gelu_pytorch_tanh', 'gelu_fast']

const neoxNames: Readonly<Record<string, string>> = {
  'gpt_neox.embed_in': 'token_embd',
  'gpt_neox.final_layer_norm': 'output_norm',
  embed_out: 'output',
  input_layernorm: 'attn_norm',
  'attention.query_key_value': 'attn_qkv',
  'attention.dense': 'attn_output',
  post_attention_layernorm: 'ffn_norm',
  'mlp.dense_h_to_4h': 'ffn_up',
  'mlp.dense_4h_to_h': 'ffn_down'
}

const phiNames: Readonly<Record<string, string>> = {
  'model.embed_tokens': 'token_embd',
  'model.final_layernorm': 'output_norm',
  lm_head: 'output',
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.dense': 'attn_output',
  'mlp.fc1': 'ffn_up',
  'mlp.fc2': 'ffn_down'
}

/**
 * A GPT-NeoX or Pythia as llama.cpp has it: queries, keys and values one after the other rather than head by head.
 *
 * @throws SkipwiseError `GGUF_MODEL`
 */
export function planGptneox(
  config: GptneoxShape,
  parameters: readonly Parameter[],
  rope: RopeKeys,
  contextLength: number
): ModelPlan {
  const { activation, attentionBias, parallelResidual, heads } = config
  if (!attentionBias) throw modelError('GPT-NeoX has biases of attention, and this model has none')
  if (![...TANH, 'gelu'].includes(activation))
    throw modelError(`it computes GPT-NeoX with gelu, and hidden_act is ${activation}`)
  const plan = planLayerNorm('gptneox', config, parameters, rope, contextLength, neoxNames, (name, parts) =>
    name === 'attn_qkv' ? groupByRole(parts[0], heads) : parts[0]
  )
  const metadata = new Map(plan.metadata).set('gptneox.use_parallel_residual', truth(parallelResidual))
  const notes =
    activation === 'gelu'
      ? ['llama.cpp has the tanh form of gelu for GPT-NeoX: probabilities differ by about 1e-4']
      : []
  return { ...plan, metadata, notes }
}

/**
 * A Phi-1, Phi-1.5 or Phi-2 as llama.cpp has it.
 *
 * @throws SkipwiseError `GGUF_MODEL`
 */
export function planPhi(
  config: PhiShape,
  parameters: readonly Parameter[],
  rope: RopeKeys,
  contextLength: number
): ModelPlan {
  if (config.headNorms) throw modelError('Phi has no norms of queries and keys, as this model has')
  if (!TANH.includes(config.activation))
    throw modelError(`it computes Phi with gelu_new, and hidden_act is ${config.activation}`)
  return planLayerNorm('phi2', config, parameters, rope, contextLength, phiNames)
}

type LayerNormShape = Omit<CommonSizes, 'contextLength' | 'keyValueHeads'> & {
  readonly keyValueHeads?: number
  readonly layerNormEpsilon: number
  readonly tieWordEmbeddings: boolean
}

/** Models whose tensors differ from those of the file by their names, and little else. */
function planLayerNorm(
  architecture: string,
  config: LayerNormShape,
  parameters: readonly Parameter[],
  rope: RopeKeys,
  contextLength: number,
  names: Readonly<Record<string, string>>,
  change?: (name: string, parts: readonly Float32Array[]) => Float32Array
): ModelPlan {
  const metadata = new Map<string, MetadataValue>([
    ...sizeKeys(architecture, { ...config, keyValueHeads: config.keyValueHeads ?? config.heads, contextLength }),
    [`${architecture}.attention.layer_norm_epsilon`, float32(config.layerNormEpsilon)],
    ...ropeEntries(architecture, rope)
  ])
  const tensors = parameters.map(({ name, shape }): PlannedTensor => {
    const [, layer, part, kind] = /^(?:(?:gpt_neox|model)\.layers\.(\d+)\.)?(.+)\.(weight|bias)$/.exec(name) ?? []
    const own = part === undefined ? undefined : names[part]
    if (own === undefined) throw modelError(`there is no place for the tensor '${name}'`)
    return {
      name: `${layer === undefined ? '' : `blk.${layer}.`}${own}.${kind}`,
      shape,
      keepsFloat32: shape.length < 2,
      from: [name],
      change: change && (parts => change(own, parts))
    }
  })
  const embedding = tensors.find(({ name }) => name === 'token_embd.weight')
  // both graphs read an output layer of their own
  if (config.tieWordEmbeddings && embedding) tensors.push({ ...embedding, name: 'output.weight' })
  return { architecture, metadata, tensors: [...tensors, ...ropeTensors(rope)], notes: [] }
}
