import { configError } from '@skipwise/nn'
import type { LlamaKeys, modelTypes } from './keys.js'

/** Where blocks differ from LLaMA's. */
export interface BlockForm {
  /** RMS norms, RMS norms that multiply by 1 + weight (Gemma), or layer norms with a bias (StableLM). */
  readonly norm: 'rms' | 'rms of 1 + weight' | 'layer'
  /**
   * `pre-norm`: attention and feed-forward read normed states. `post-norm`: what they give is normed (OLMo 2).
   * `both`: what they read and what they give (Gemma 2). `parallel`: both read the same normed states (StableLM 2 12B).
   */
  readonly residual: 'pre-norm' | 'post-norm' | 'both' | 'parallel'
  /**
   * Norms of queries and keys before they get positions: an RMS norm of every head, whose weight all heads share
   * (Qwen3), one RMS norm of all heads together (OLMo 2), a layer norm of every head with a weight of its own
   * (StableLM 2 12B).
   */
  readonly queryKeyNorm: 'none' | 'shared by heads' | 'of all heads' | 'own to each head'
  /** `qkv_proj` gives queries, keys and values, `gate_up_proj` gate and up (Phi-3). */
  readonly fusedProjections: boolean
}

/** Where hidden states are multiplied; 1 where a model has no such number. */
export interface Multipliers {
  /** Of what the embedding gives: Granite's own number; √d in float32, in which it is multiplied, for Gemma. */
  readonly embedding: number
  /** Of what attention and feed-forward add to the hidden states. */
  readonly residual: number
  /** Logits are divided by it. */
  readonly logitsDivisor: number
}

/** Which projections have a bias. */
export interface Biases {
  /** Bias of the query, key and value projections. */
  readonly queryKeyValueBias: boolean
  /** Bias of the output projection: LLaMA has all four or none, Qwen2 only the first three. */
  readonly outputBias: boolean
  readonly mlpBias: boolean
}

/** Where a model type differs from LLaMA (transformers 5.18: `configuration_*.py` and `modeling_*.py` of each). */
interface Family {
  /** Default of `num_key_value_heads`; undefined for one per query head. */
  readonly keyValueHeads?: number
  /** Default of `head_dim`; `divided` where that key is not read; undefined for the quotient. */
  readonly headDim?: number | 'divided'
  /** Default of `max_position_embeddings`. */
  readonly maxPositionEmbeddings: number
  /** The key of ε; `rms_norm_eps` if not given. */
  readonly normEpsilonKey?: 'layer_norm_eps'
  /** Default of ε; 1e-6 if not given. */
  readonly normEpsilon?: number
  /** Default of `tie_word_embeddings`; `false` if not given. */
  readonly tieWordEmbeddings?: boolean
  /** Default of `partial_rotary_factor`; undefined where that key is not read. */
  readonly rotaryShare?: number
  readonly biases: (config: LlamaKeys) => Biases
  readonly form?: (config: LlamaKeys) => Partial<BlockForm>
  readonly multipliers?: (config: LlamaKeys) => Partial<Multipliers>
  readonly scoreScale?: (config: LlamaKeys) => number
  /** Bounds of scores and of logits. */
  readonly softCaps?: (config: LlamaKeys) => {
    readonly scores?: number | undefined
    readonly logits?: number | undefined
  }
  /** The activation, where it is not `hidden_act` with the default `silu`. */
  readonly activation?: (config: LlamaKeys) => string
  /** Tokens that a token of a layer attends to. */
  readonly slidingWindow?: (config: LlamaKeys, layer: number) => number | undefined
  readonly hasPositions?: (config: LlamaKeys, layer: number) => boolean
  /** `rope_theta` of the layers that slide, where it is their own. */
  readonly localRopeBase?: (config: LlamaKeys) => number
}

/** Where the default of `sliding_window` is 4,096 tokens, `null` says that there is none. */
const slidingWindowOf = ({ sliding_window }: LlamaKeys) =>
  sliding_window === undefined ? 4096 : (sliding_window ?? undefined)

/** The window of a layer that `layer_types` says slides. */
function slidingOf(model: string, layer: number, slidingWindow: number | undefined): number {
  if (slidingWindow !== undefined) return slidingWindow
  throw configError(
    model,
    `layer ${layer} slides, but there is no window: see layer_types, use_sliding_window and sliding_window`
  )
}

/** `layer_types` decides, else layers from `max_window_layers` on slide; all of it only with `use_sliding_window`. */
function qwenSlidingWindow(config: LlamaKeys, layer: number): number | undefined {
  const slidingWindow = config.use_sliding_window ? slidingWindowOf(config) : undefined
  const type = config.layer_types?.[layer]
  if (type === 'sliding_attention') return slidingOf('a Qwen', layer, slidingWindow)
  return type === undefined && layer >= config.max_window_layers ? slidingWindow : undefined
}

/** `layer_types` decides, else layers without positions slide; all of it only with `use_sliding_window`. */
function smollm3SlidingWindow(config: LlamaKeys, layer: number): number | undefined {
  const slidingWindow = config.use_sliding_window ? (config.sliding_window ?? undefined) : undefined
  const type = config.layer_types?.[layer]
  if (type === 'sliding_attention') return slidingOf('a SmolLM3', layer, slidingWindow)
  return type === undefined && !smollm3HasPositions(config, layer) ? slidingWindow : undefined
}

/** `no_rope_layers` has 1 for a layer with positions; without it every `no_rope_layer_interval`-th has none. */
function smollm3HasPositions(config: LlamaKeys, layer: number): boolean {
  const { no_rope_layers: layers, no_rope_layer_interval: interval } = config
  if (!layers) return (layer + 1) % interval !== 0
  if (layers.length < config.num_hidden_layers)
    throw configError('a SmolLM3', `no_rope_layers names ${layers.length} layers of ${config.num_hidden_layers}`)
  return Boolean(layers[layer])
}

/** √d as transformers multiplies by it in float32. */
const gemmaMultipliers = ({ hidden_size }: LlamaKeys) => ({ embedding: Math.fround(Math.sqrt(hidden_size)) })

/** `gelu` in a Gemma's file means the tanh form, which it was trained with. */
const gemmaActivation = (name: string | null | undefined) =>
  name === undefined || name === null || name === 'gelu' ? 'gelu_pytorch_tanh' : name

/** The number of a key that may be `null` for none. */
const orDefault = (value: number | null | undefined, otherwise: number) =>
  value === undefined ? otherwise : (value ?? undefined)

/** `layer_types` decides, else all layers slide but the last of every `period`. */
const slidingButOneIn =
  (model: string, period: (config: LlamaKeys) => number) =>
  (config: LlamaKeys, layer: number): number | undefined => {
    const slides = config.layer_types
      ? config.layer_types[layer] === 'sliding_attention'
      : (layer + 1) % period(config) !== 0
    return slides ? slidingOf(model, layer, slidingWindowOf(config)) : undefined
  }

/** The base of layers that slide, which turn by the default RoPE whatever the others do. */
function localRopeBase({ rope_parameters }: LlamaKeys, otherwise: number): number {
  const { rope_type: type = 'default', rope_theta: base } = rope_parameters?.sliding_attention ?? {}
  if (type !== 'default' && type !== null)
    throw configError('a model with a local RoPE', `the RoPE of its sliding layers is '${type}', not 'default'`)
  return base ?? otherwise
}

const same = (bias: boolean) => ({ queryKeyValueBias: bias, outputBias: bias })

/** By `model_type`. */
export const families: Readonly<Record<(typeof modelTypes)[number], Family>> = {
  llama: {
    maxPositionEmbeddings: 2048,
    biases: ({ attention_bias, mlp_bias }) => ({ ...same(attention_bias), mlpBias: mlp_bias })
  },
  mistral: {
    maxPositionEmbeddings: 4096 * 32,
    keyValueHeads: 8,
    biases: () => ({ ...same(false), mlpBias: false }),
    slidingWindow: slidingWindowOf
  },
  qwen2: {
    maxPositionEmbeddings: 32768,
    keyValueHeads: 32,
    biases: () => ({ queryKeyValueBias: true, outputBias: false, mlpBias: false }),
    slidingWindow: qwenSlidingWindow
  },
  qwen3: {
    maxPositionEmbeddings: 32768,
    keyValueHeads: 32,
    headDim: 128,
    biases: ({ attention_bias }) => ({ ...same(attention_bias), mlpBias: false }),
    form: () => ({ queryKeyNorm: 'shared by heads' }),
    slidingWindow: qwenSlidingWindow
  },
  olmo2: {
    maxPositionEmbeddings: 2048,
    normEpsilon: 1e-5,
    biases: ({ attention_bias }) => ({ ...same(attention_bias), mlpBias: false }),
    form: () => ({ residual: 'post-norm', queryKeyNorm: 'of all heads' })
  },
  granite: {
    maxPositionEmbeddings: 2048,
    biases: ({ attention_bias, mlp_bias }) => ({ ...same(attention_bias), mlpBias: mlp_bias }),
    multipliers: config => ({
      embedding: config.embedding_multiplier,
      residual: config.residual_multiplier,
      logitsDivisor: config.logits_scaling
    }),
    scoreScale: config => config.attention_multiplier
  },
  smollm3: {
    maxPositionEmbeddings: 32768,
    keyValueHeads: 4,
    tieWordEmbeddings: true,
    biases: ({ attention_bias, mlp_bias }) => ({ ...same(attention_bias), mlpBias: mlp_bias }),
    slidingWindow: smollm3SlidingWindow,
    hasPositions: smollm3HasPositions
  },
  stablelm: {
    maxPositionEmbeddings: 4096,
    keyValueHeads: 32,
    headDim: 'divided',
    normEpsilonKey: 'layer_norm_eps',
    normEpsilon: 1e-5,
    rotaryShare: 0.25,
    biases: ({ use_qkv_bias }) => ({ queryKeyValueBias: use_qkv_bias, outputBias: false, mlpBias: false }),
    form: ({ qk_layernorm, use_parallel_residual }) => ({
      norm: 'layer',
      residual: use_parallel_residual ? 'parallel' : 'pre-norm',
      queryKeyNorm: qk_layernorm ? 'own to each head' : 'none'
    })
  },
  phi3: {
    maxPositionEmbeddings: 4096,
    normEpsilon: 1e-5,
    rotaryShare: 1,
    biases: () => ({ ...same(false), mlpBias: false }),
    form: () => ({ fusedProjections: true }),
    slidingWindow: ({ sliding_window }) => sliding_window ?? undefined
  },
  gemma: {
    maxPositionEmbeddings: 8192,
    keyValueHeads: 16,
    headDim: 256,
    tieWordEmbeddings: true,
    biases: ({ attention_bias }) => ({ ...same(attention_bias), mlpBias: false }),
    form: () => ({ norm: 'rms of 1 + weight' }),
    activation: ({ hidden_act }) => gemmaActivation(hidden_act),
    multipliers: gemmaMultipliers
  },
  gemma2: {
    maxPositionEmbeddings: 8192,
    keyValueHeads: 4,
    headDim: 256,
    tieWordEmbeddings: true,
    biases: ({ attention_bias }) => ({ ...same(attention_bias), mlpBias: false }),
    form: () => ({ norm: 'rms of 1 + weight', residual: 'both' }),
    activation: ({ hidden_activation }) => hidden_activation ?? 'gelu_pytorch_tanh',
    multipliers: gemmaMultipliers,
    scoreScale: ({ query_pre_attn_scalar }) => query_pre_attn_scalar ** -0.5,
    softCaps: config => ({
      scores: orDefault(config.attn_logit_softcapping, 50),
      logits: orDefault(config.final_logit_softcapping, 30)
    }),
    slidingWindow: slidingButOneIn('a Gemma 2', () => 2)
  },
  gemma3_text: {
    maxPositionEmbeddings: 131072,
    keyValueHeads: 4,
    headDim: 256,
    tieWordEmbeddings: true,
    biases: ({ attention_bias }) => ({ ...same(attention_bias), mlpBias: false }),
    form: () => ({ norm: 'rms of 1 + weight', residual: 'both', queryKeyNorm: 'shared by heads' }),
    activation: ({ hidden_activation }) => hidden_activation ?? 'gelu_pytorch_tanh',
    multipliers: gemmaMultipliers,
    scoreScale: ({ query_pre_attn_scalar }) => query_pre_attn_scalar ** -0.5,
    // transformers does not read attn_logit_softcapping for Gemma 3
    softCaps: ({ final_logit_softcapping }) => ({ logits: final_logit_softcapping ?? undefined }),
    slidingWindow: slidingButOneIn('a Gemma 3', ({ sliding_window_pattern }) => sliding_window_pattern),
    localRopeBase: config => localRopeBase(config, config.rope_local_base_freq ?? 10000)
  },
  olmo3: {
    maxPositionEmbeddings: 2048,
    normEpsilon: 1e-5,
    biases: ({ attention_bias }) => ({ ...same(attention_bias), mlpBias: false }),
    form: () => ({ residual: 'post-norm', queryKeyNorm: 'of all heads' }),
    slidingWindow: slidingButOneIn('an OLMo 3', () => 4),
    localRopeBase: config => localRopeBase(config, 500000)
  }
}
