import { float32, uint32, truth, type MetadataValue } from '../metadata.js'
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
import { concatenate, pairNeighbours, plusOne } from './rows.js'

/** A model of LLaMA's blocks: what `parseLlamaConfig` of @skipwise/arch-llama gives, as far as it is needed here. */
export interface BlocksConfig extends Omit<CommonSizes, 'contextLength'> {
  readonly rotaryDim: number
  readonly normEpsilon: number
  readonly activation: string
  readonly tieWordEmbeddings: boolean
  readonly queryKeyValueBias: boolean
  readonly outputBias: boolean
  readonly mlpBias: boolean
  readonly form: { readonly norm: string; readonly residual: string; readonly queryKeyNorm: string }
  readonly multipliers: { readonly embedding: number; readonly residual: number; readonly logitsDivisor: number }
  readonly scoreScale: number | undefined
  readonly scoreSoftCap: number | undefined
  readonly logitSoftCap: number | undefined
  /** [layers] */
  readonly slidingWindows: readonly (number | undefined)[]
  /** [layers] */
  readonly hasPositions: readonly boolean[]
}

/** What llama.cpp computes for a `model_type`, fixed in its graph. */
interface Graph {
  /** `general.architecture`. */
  readonly architecture: string
  /** Queries and keys turn in pairs of neighbours: their rows are put in that order. */
  readonly pairsNeighbours?: boolean
  /** How a model whose output layer is its embedding is written; default: without an output layer. */
  readonly tied?: 'doubled' | 'only'
  /** Which biases of attention it reads; default all four or none. */
  readonly biases?: 'query, key, value' | 'none'
  /** Whether it reads biases of the feed-forward. */
  readonly mlpBias?: boolean
  /** Whether heads together must be as wide as the hidden states. */
  readonly dividedHeads?: boolean
  /** It has a sliding window in all layers but the last of every so many; without it, in none. */
  readonly period?: number
  readonly activation?: 'gelu'
  /** Refuses what the graph has other numbers for, and gives the keys that it reads. */
  readonly keys?: (config: BlocksConfig) => Readonly<Record<string, MetadataValue>>
}

const granite = ({ multipliers, scoreScale, headDim }: BlocksConfig) => ({
  embedding_scale: float32(multipliers.embedding),
  residual_scale: float32(multipliers.residual),
  logit_scale: float32(multipliers.logitsDivisor),
  'attention.scale': float32(scoreScale ?? headDim ** -0.5)
})

const windowKey = ({ slidingWindows }: BlocksConfig) => ({
  'attention.sliding_window': uint32(slidingWindows.find(window => window !== undefined) ?? 0)
})

/**
 * By `model_type`. Each was run by llama.cpp and compared with what Skipwise computes
 * (`packages/skipwise/test/llama-cpp.test.ts`).
 */
const graphs: Readonly<Record<string, Graph>> = {
  llama: { architecture: 'llama', pairsNeighbours: true, mlpBias: true },
  mistral: { architecture: 'llama', pairsNeighbours: true },
  qwen2: { architecture: 'qwen2', biases: 'query, key, value', dividedHeads: true },
  qwen3: { architecture: 'qwen3', biases: 'none' },
  olmo2: { architecture: 'olmo2', biases: 'none', tied: 'doubled', dividedHeads: true },
  granite: { architecture: 'granite', pairsNeighbours: true, mlpBias: true, keys: granite },
  smollm3: { architecture: 'smollm3', pairsNeighbours: true, biases: 'query, key, value', keys: smollm3 },
  stablelm: {
    architecture: 'stablelm',
    biases: 'query, key, value',
    tied: 'doubled',
    dividedHeads: true,
    keys: ({ form }) => ({ use_parallel_residual: truth(form.residual === 'parallel') })
  },
  phi3: { architecture: 'phi3', biases: 'none', dividedHeads: true },
  gemma: { architecture: 'gemma', biases: 'none', tied: 'only', activation: 'gelu' },
  gemma2: { architecture: 'gemma2', biases: 'none', tied: 'only', activation: 'gelu', period: 2, keys: gemma2 },
  gemma3_text: { architecture: 'gemma3', biases: 'none', activation: 'gelu', period: 6, keys: gemma3 },
  olmo3: { architecture: 'olmo2', biases: 'none', tied: 'doubled', dividedHeads: true, period: 4, keys: windowKey }
}

/**
 * Checks that a `model_type` of LLaMA's blocks is one that {@link planBlocks} knows, before its `config.json` is read.
 *
 * @throws SkipwiseError `GGUF_MODEL`
 */
export function checkBlocksType(modelType: string): void {
  graphOf(modelType)
}

function graphOf(modelType: string): Graph {
  if (Object.hasOwn(graphs, modelType)) return graphs[modelType]
  throw modelError(`models of the type '${modelType}' are not written yet`, 'use convert_hf_to_gguf.py of llama.cpp')
}

/** Its graph has no positions in every fourth layer. */
function smollm3({ hasPositions }: BlocksConfig): Readonly<Record<string, MetadataValue>> {
  const other = hasPositions.findIndex((has, layer) => has !== ((layer + 1) % 4 !== 0))
  if (other < 0) return {}
  throw modelError(
    `SmolLM3 has positions in all layers but every fourth one, and layer ${other} of this model is the other way`
  )
}

/** Layers of Gemma 2 and 3 of 27B, by which llama.cpp recognises them. */
const LAYERS_27B = { 'Gemma 2': 46, 'Gemma 3': 62 } as const

/** It takes the scale of scores from the shape. */
function checkScale(
  name: keyof typeof LAYERS_27B,
  { layers, hiddenSize, heads, headDim, scoreScale }: BlocksConfig
): void {
  const its = (layers === LAYERS_27B[name] ? Math.floor(hiddenSize / heads) : headDim) ** -0.5
  if (scoreScale !== undefined && Math.abs(scoreScale / its - 1) > 1e-6)
    throw modelError(
      `it scales scores of this ${name} by ${its.toPrecision(6)}, and query_pre_attn_scalar says ${scoreScale.toPrecision(6)}`
    )
}

/** It caps scores and logits always. */
function gemma2(config: BlocksConfig): Readonly<Record<string, MetadataValue>> {
  const { scoreSoftCap, logitSoftCap } = config
  if (scoreSoftCap === undefined || logitSoftCap === undefined)
    throw modelError('Gemma 2 has soft caps of scores and logits, and this model is without')
  checkScale('Gemma 2', config)
  return {
    attn_logit_softcapping: float32(scoreSoftCap),
    final_logit_softcapping: float32(logitSoftCap),
    ...windowKey(config)
  }
}

/** With sliding layers it caps nothing. */
function gemma3(config: BlocksConfig): Readonly<Record<string, MetadataValue>> {
  if (config.logitSoftCap !== undefined) throw modelError('Gemma 3 has no soft cap of logits, as this model has')
  checkScale('Gemma 3', config)
  return windowKey(config)
}

/**
 * A model of LLaMA's blocks as llama.cpp has it.
 *
 * @param modelType `model_type` of `config.json`
 * @param contextLength the window, in tokens
 * @throws SkipwiseError `GGUF_MODEL` where llama.cpp would compute something else
 */
export function planBlocks(
  modelType: string,
  config: BlocksConfig,
  parameters: readonly Parameter[],
  rope: RopeKeys,
  contextLength: number
): ModelPlan {
  const graph = graphOf(modelType)
  check(modelType, graph, config, contextLength)
  checkAttentionFactor(graph, rope)
  const { architecture } = graph
  const isLayer = config.form.norm === 'layer'
  const own = Object.entries(graph.keys?.(config) ?? {})
  const epsilon = `attention.layer_norm_${isLayer ? '' : 'rms_'}epsilon`
  const metadata = new Map<string, MetadataValue>([
    ...sizeKeys(architecture, { ...config, contextLength }),
    [`${architecture}.${epsilon}`, float32(config.normEpsilon)],
    ...own.map(([key, value]): [string, MetadataValue] => [`${architecture}.${key}`, value]),
    ...ropeEntries(architecture, rope)
  ])
  const tensors = [...tensorsOf(graph, config, parameters), ...ropeTensors(rope)]
  return { architecture, metadata, tensors, notes: [] }
}

function check(modelType: string, graph: Graph, config: BlocksConfig, contextLength: number): void {
  const { activation, slidingWindows, heads, headDim, hiddenSize, queryKeyValueBias, outputBias, mlpBias } = config
  const gelu = ['gelu_new', 'gelu_pytorch_tanh', 'gelu_fast']
  if (!(graph.activation === 'gelu' ? gelu : ['silu', 'swish']).includes(activation))
    throw modelError(`it computes ${modelType} with ${graph.activation ?? 'silu'}, and hidden_act is ${activation}`)
  if (graph.dividedHeads && heads * headDim !== hiddenSize)
    throw modelError(`heads of ${modelType} are together as wide as the hidden states, and head_dim says otherwise`)
  if ((graph.biases === 'none' && queryKeyValueBias) || (graph.biases !== undefined && outputBias))
    throw modelError(`${modelType} has no such biases of attention as this model has`)
  if (mlpBias && !graph.mlpBias) throw modelError(`${modelType} has no biases of the feed-forward, as this model has`)
  if (graph.tied === 'only' && !config.tieWordEmbeddings)
    throw modelError(`${modelType} has the embedding for its output layer, and this model has its own`)
  const { period } = graph
  if (period !== undefined) {
    const other = slidingWindows.findIndex((window, layer) => (window !== undefined) !== ((layer + 1) % period !== 0))
    const odd = slidingWindows.some(window => window !== undefined && window !== slidingWindows[0])
    if (other >= 0 || odd)
      throw modelError(
        `all layers of ${modelType} slide by one window, but the last of every ${period}, and ${other >= 0 ? `layer ${other}` : 'one'} of this model is other`
      )
    return
  }
  const shorter = slidingWindows.findIndex(window => window !== undefined && window < contextLength)
  if (shorter >= 0)
    throw modelError(
      `it has no sliding window for ${modelType}, and layer ${shorter} of this model has one of ${slidingWindows[shorter]} tokens, less than its context of ${contextLength}`,
      'serve it with transformers or vLLM, or, if it was trained without the window, set sliding_window to null'
    )
}

/** Gemma 3 multiplies in the layers that slide as well, whose RoPE is not scaled. */
function checkAttentionFactor({ architecture }: Graph, { keys }: RopeKeys): void {
  const factor = keys[`${architecture}.rope.scaling.attn_factor`]
  if (architecture !== 'gemma3' || factor === undefined || Math.abs(Number(factor) - 1) < 1e-6) return
  throw modelError(
    'it multiplies by the attention factor of this RoPE in the layers of Gemma 3 that slide, too',
    'use yarn with the attention factor that it derives itself, or serve it with transformers or vLLM'
  )
}

/** Names in a block, and of what lies around the blocks. */
const names: Readonly<Record<string, string>> = {
  'model.embed_tokens': 'token_embd',
  'model.norm': 'output_norm',
  lm_head: 'output',
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.qkv_proj': 'attn_qkv',
  'self_attn.o_proj': 'attn_output',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.gate_up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
  pre_feedforward_layernorm: 'ffn_norm',
  post_feedforward_layernorm: 'post_ffw_norm'
}

/** The norm after attention belongs to what comes before it, or to the feed-forward. */
const nameOf = (part: string, { form }: BlocksConfig): string | undefined =>
  part === 'post_attention_layernorm'
    ? form.residual === 'pre-norm'
      ? 'ffn_norm'
      : 'post_attention_norm'
    : names[part]

function tensorsOf(graph: Graph, config: BlocksConfig, parameters: readonly Parameter[]): PlannedTensor[] {
  const tensors: PlannedTensor[] = []
  for (const parameter of parameters) {
    const normOfHead = /^model\.layers\.(\d+)\.self_attn\.([qk])_layernorm\.norms\.(\d+)\.weight$/.exec(parameter.name)
    if (normOfHead) {
      if (normOfHead[3] === '0') tensors.push(normsOfHeads(normOfHead[1], normOfHead[2], config))
      continue
    }
    const [, layer, part, kind] = /^(?:model\.layers\.(\d+)\.)?(.+)\.(weight|bias)$/.exec(parameter.name) ?? []
    const name = part === undefined ? undefined : nameOf(part, config)
    if (name === undefined) throw modelError(`there is no place for the tensor '${parameter.name}'`)
    tensors.push({
      name: `${layer === undefined ? '' : `blk.${layer}.`}${name}.${kind}`,
      shape: parameter.shape,
      keepsFloat32: parameter.shape.length < 2,
      from: [parameter.name],
      change: changeOf(name, parameter, graph, config)
    })
  }
  const embedding = tensors.find(({ name }) => name === 'token_embd.weight')
  if (graph.tied === 'doubled' && config.tieWordEmbeddings && embedding)
    tensors.push({ ...embedding, name: 'output.weight' })
  return tensors
}

function changeOf(
  name: string,
  { shape }: Parameter,
  { pairsNeighbours }: Graph,
  { heads, keyValueHeads, form }: BlocksConfig
): PlannedTensor['change'] {
  if (name.endsWith('norm') && form.norm === 'rms of 1 + weight') return ([values]) => plusOne(values)
  const count = name === 'attn_q' ? heads : name === 'attn_k' ? keyValueHeads : undefined
  if (!pairsNeighbours || count === undefined) return undefined
  return ([values]) => pairNeighbours(values, count, shape[1] ?? 1)
}

/** StableLM 2 12B: norms of all heads as one tensor [H, D]. */
function normsOfHeads(layer: string, role: string, { heads, keyValueHeads, headDim }: BlocksConfig): PlannedTensor {
  const count = role === 'q' ? heads : keyValueHeads
  return {
    name: `blk.${layer}.attn_${role}_norm.weight`,
    shape: [count, headDim],
    keepsFloat32: true,
    from: Array.from(
      { length: count },
      (_, head) => `model.layers.${layer}.self_attn.${role}_layernorm.norms.${head}.weight`
    ),
    change: concatenate
  }
}
