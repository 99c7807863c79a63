import { float32, type MetadataValue } from '../metadata.js'
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
import { normalizeRows, pairNeighbours } from './rows.js'

/** A Baichuan: what `parseBaichuanConfig` of @skipwise/arch-baichuan gives, as far as it is needed here. */
export interface BaichuanShape extends Omit<CommonSizes, 'contextLength' | 'keyValueHeads'> {
  readonly rmsNormEps: number
  readonly positionEmbedding: 'rope' | 'alibi'
  readonly normalizedHead: boolean
}

/** Layers of Baichuan 13B: llama.cpp gives its heads a bias of positions for this number alone. */
const LAYERS_13B = 40

/**
 * A Baichuan as llama.cpp has it: one with RoPE is a LLaMA there, whatever its depth (the graph `baichuan` rotates with
 * 32 layers only, and says nothing with others); one with ALiBi is right with 40 layers only. The output rows of
 * Baichuan2 are normalised here, which llama.cpp's converter leaves out.
 *
 * @param rope undefined for ALiBi
 * @throws SkipwiseError `GGUF_MODEL`
 */
export function planBaichuan(
  config: BaichuanShape,
  parameters: readonly Parameter[],
  rope: RopeKeys | undefined,
  contextLength: number
): ModelPlan {
  const rotates = config.positionEmbedding === 'rope'
  if (!rotates && config.layers !== LAYERS_13B)
    throw modelError(
      `its graph of Baichuan has ALiBi with ${LAYERS_13B} layers only, and this model has ${config.layers}: it would run without positions`
    )
  const architecture = rotates ? 'llama' : 'baichuan'
  const metadata = new Map<string, MetadataValue>([
    ...sizeKeys(architecture, { ...config, keyValueHeads: config.heads, contextLength }),
    [`${architecture}.attention.layer_norm_rms_epsilon`, float32(config.rmsNormEps)],
    ...(rotates && rope
      ? ropeEntries(architecture, rope)
      : ([[`${architecture}.attention.max_alibi_bias`, float32(8)]] as const))
  ])
  const tensors = parameters.flatMap(parameter => tensorsOf(parameter, config, rotates))
  return { architecture, metadata, tensors: [...tensors, ...(rope ? ropeTensors(rope) : [])], notes: [] }
}

const names: Readonly<Record<string, string>> = {
  'model.embed_tokens': 'token_embd',
  'model.norm': 'output_norm',
  lm_head: 'output',
  input_layernorm: 'attn_norm',
  'self_attn.o_proj': 'attn_output',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down'
}

function tensorsOf({ name, shape }: Parameter, config: BaichuanShape, rotates: boolean): PlannedTensor[] {
  const [, layer, part] = /^(?:model\.layers\.(\d+)\.)?(.+)\.weight$/.exec(name) ?? []
  const prefix = layer === undefined ? '' : `blk.${layer}.`
  if (part === 'self_attn.W_pack')
    return ['q', 'k', 'v'].map((role, i) => third(role, i, prefix, name, config, rotates))
  const own = part === undefined ? undefined : names[part]
  if (own === undefined) throw modelError(`there is no place for the tensor '${name}'`)
  return [
    {
      name: `${prefix}${own}.weight`,
      shape,
      keepsFloat32: shape.length < 2,
      from: [name],
      change:
        own === 'output' && config.normalizedHead ? ([values]) => normalizeRows(values, config.hiddenSize) : undefined
    }
  ]
}

/** Queries, keys or values of the one projection that a Baichuan has for all three. */
function third(
  role: string,
  index: number,
  prefix: string,
  name: string,
  { hiddenSize, heads }: BaichuanShape,
  rotates: boolean
): PlannedTensor {
  const size = hiddenSize * hiddenSize
  return {
    name: `${prefix}attn_${role}.weight`,
    shape: [hiddenSize, hiddenSize],
    keepsFloat32: false,
    from: [name],
    change: ([values]) => {
      const own = values.subarray(index * size, (index + 1) * size)
      return rotates && role !== 'v' ? pairNeighbours(own, heads, hiddenSize) : own
    }
  }
}
