import { activations, configError, MAX_LAYERS } from '@skipwise/nn'
import { z } from 'zod'
import { validate } from '@skipwise/core'

/** Values of `model_type` whose models are made of these blocks. */
export const modelTypes = ['llama', 'mistral', 'qwen2', 'qwen3'] as const

const size = z.int().min(1)

/** The keys of `config.json` that decide a LLaMA's shape; others are kept and ignored. */
const llamaKeys = z.looseObject({
  model_type: z.enum(modelTypes),
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size.max(MAX_LAYERS),
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  max_position_embeddings: size.optional(),
  rms_norm_eps: z.number().positive().default(1e-6),
  hidden_act: z.enum(Object.keys(activations)).default('silu'),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  sliding_window: size.nullish(),
  use_sliding_window: z.boolean().default(false),
  max_window_layers: z.int().min(0).default(28),
  layer_types: z.array(z.enum(['full_attention', 'sliding_attention'])).nullish()
})

/** The keys of a file, checked one by one. */
type LlamaKeys = z.output<typeof llamaKeys>

/** A checked LLaMA configuration, under the field's names. */
export interface LlamaConfig {
  readonly vocabSize: number
  readonly hiddenSize: number
  readonly intermediateSize: number
  readonly layers: number
  readonly heads: number
  readonly keyValueHeads: number
  readonly headDim: number
  readonly maxPositionEmbeddings: number
  readonly rmsNormEps: number
  /** A name in `activations` of @skipwise/nn. */
  readonly activation: string
  readonly tieWordEmbeddings: boolean
  /** Bias of the query, key and value projections. */
  readonly queryKeyValueBias: boolean
  /** Bias of the output projection: LLaMA has all four or none, Qwen2 only the first three. */
  readonly outputBias: boolean
  readonly mlpBias: boolean
  /** Whether every head of queries and keys has an RMS norm (Qwen3). */
  readonly headNorms: boolean
  /** Tokens that a token of a layer attends to, itself included; undefined for all before it. [layers] */
  readonly slidingWindows: readonly (number | undefined)[]
}

/**
 * Reads `config.json` of LLaMA, Mistral, Qwen2 and Qwen3; what a file leaves out has the default that transformers
 * gives its model type.
 *
 * @throws SkipwiseError `ARCHITECTURE_CONFIG`
 */
export function parseLlamaConfig(json: Readonly<Record<string, unknown>>): LlamaConfig {
  const config = validate(llamaKeys, json, 'ARCHITECTURE_CONFIG', 'config.json of a LLaMA')
  const family = families[config.model_type]
  const heads = config.num_attention_heads
  const layers = config.num_hidden_layers
  const keyValueHeads =
    config.num_key_value_heads === undefined ? (family.keyValueHeads ?? heads) : (config.num_key_value_heads ?? heads)
  const headDim = config.head_dim ?? family.headDim ?? config.hidden_size / heads
  if (!Number.isInteger(headDim))
    throw configError('a LLaMA', `hidden_size ${config.hidden_size} is not a multiple of num_attention_heads ${heads}`)
  if (headDim % 2 !== 0)
    throw configError('a LLaMA', `head_dim ${headDim} is odd, and RoPE rotates pairs of dimensions`)
  if (heads % keyValueHeads !== 0)
    throw configError('a LLaMA', `num_key_value_heads ${keyValueHeads} does not divide num_attention_heads ${heads}`)
  if (config.layer_types && config.layer_types.length < layers)
    throw configError('a LLaMA', `layer_types lists ${config.layer_types.length} layers, and the model has ${layers}`)
  return {
    vocabSize: config.vocab_size,
    hiddenSize: config.hidden_size,
    intermediateSize: config.intermediate_size,
    layers,
    heads,
    keyValueHeads,
    headDim,
    maxPositionEmbeddings: config.max_position_embeddings ?? family.maxPositionEmbeddings,
    rmsNormEps: config.rms_norm_eps,
    activation: config.hidden_act,
    tieWordEmbeddings: config.tie_word_embeddings,
    headNorms: family.headNorms,
    ...family.biases(config),
    slidingWindows: Array.from({ length: layers }, (_, layer) => family.slidingWindow(config, layer))
  }
}

/** Where a model type differs from LLaMA (transformers 5.18: `configuration_*.py` and `modeling_*.py` of each). */
interface Family {
  /** Default of `num_key_value_heads`; undefined for one per query head. */
  readonly keyValueHeads?: number
  /** Default of `head_dim`; undefined for `hidden_size` / `num_attention_heads`. */
  readonly headDim?: number
  /** Default of `max_position_embeddings`. */
  readonly maxPositionEmbeddings: number
  readonly headNorms: boolean
  biases(config: LlamaKeys): Pick<LlamaConfig, 'queryKeyValueBias' | 'outputBias' | 'mlpBias'>
  /** Tokens that a token of a layer attends to. */
  slidingWindow(config: LlamaKeys, layer: number): number | undefined
}

/** Where the default of `sliding_window` is 4,096 tokens, `null` says that there is none. */
const slidingWindowOf = ({ sliding_window }: LlamaKeys) =>
  sliding_window === undefined ? 4096 : (sliding_window ?? undefined)

/** `layer_types` decides, else layers from `max_window_layers` on slide; all of it only with `use_sliding_window`. */
function qwenSlidingWindow(config: LlamaKeys, layer: number): number | undefined {
  const slidingWindow = config.use_sliding_window ? slidingWindowOf(config) : undefined
  const type = config.layer_types?.[layer]
  if (type === 'sliding_attention' && slidingWindow === undefined)
    throw configError(
      'a Qwen',
      `layer_types says that layer ${layer} slides, but use_sliding_window and sliding_window do not`
    )
  return (type === undefined ? layer >= config.max_window_layers : type === 'sliding_attention')
    ? slidingWindow
    : undefined
}

const same = (bias: boolean) => ({ queryKeyValueBias: bias, outputBias: bias })

/** By `model_type`. */
const families: Readonly<Record<(typeof modelTypes)[number], Family>> = {
  llama: {
    maxPositionEmbeddings: 2048,
    headNorms: false,
    biases: ({ attention_bias, mlp_bias }) => ({ ...same(attention_bias), mlpBias: mlp_bias }),
    slidingWindow: () => undefined
  },
  mistral: {
    maxPositionEmbeddings: 4096 * 32,
    headNorms: false,
    keyValueHeads: 8,
    biases: () => ({ ...same(false), mlpBias: false }),
    slidingWindow: slidingWindowOf
  },
  qwen2: {
    maxPositionEmbeddings: 32768,
    headNorms: false,
    keyValueHeads: 32,
    biases: () => ({ queryKeyValueBias: true, outputBias: false, mlpBias: false }),
    slidingWindow: qwenSlidingWindow
  },
  qwen3: {
    maxPositionEmbeddings: 32768,
    headNorms: true,
    keyValueHeads: 32,
    headDim: 128,
    biases: ({ attention_bias }) => ({ ...same(attention_bias), mlpBias: false }),
    slidingWindow: qwenSlidingWindow
  }
}
