import { SkipwiseError, type ErrorCodes } from '@skipwise/core'
import { z } from 'zod'

/** The codes that `@skipwise/arch-llama` throws. */
export const archLlamaErrorCodes = {
  ARCHITECTURE_CONFIG: 'config.json describes no model that the architecture supports.'
} as const satisfies ErrorCodes

const size = z.int().min(1)

/** The keys of `config.json` that decide a LLaMA's shape; others are kept and ignored. */
const llamaConfig = z.looseObject({
  model_type: z.enum(['llama', 'mistral', 'qwen2']),
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  max_position_embeddings: size,
  rms_norm_eps: z.number().positive().default(1e-6),
  hidden_act: z.literal('silu').default('silu'),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  sliding_window: size.nullish(),
  use_sliding_window: z.boolean().optional(),
  pretraining_tp: z.literal(1).optional()
})

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
  readonly tieWordEmbeddings: boolean
  /** Bias of the query, key and value projections. */
  readonly queryKeyValueBias: boolean
  /** Bias of the output projection: LLaMA has all four or none, Qwen2 only the first three. */
  readonly outputBias: boolean
  readonly mlpBias: boolean
}

/** Reads `config.json` of LLaMA, Mistral without an effective sliding window, and Qwen2. @throws SkipwiseError `ARCHITECTURE_CONFIG` */
export function parseLlamaConfig(json: Readonly<Record<string, unknown>>): LlamaConfig {
  const result = llamaConfig.safeParse(json)
  if (!result.success) throw configError(result.error.issues.map(issue => `${issue.path.join('.') || 'config.json'}: ${issue.message}`).join('; '))
  const config = result.data, heads = config.num_attention_heads, keyValueHeads = config.num_key_value_heads ?? heads
  const headDim = config.head_dim ?? config.hidden_size / heads
  if (!Number.isInteger(headDim)) throw configError(`hidden_size ${config.hidden_size} is not a multiple of num_attention_heads ${heads}`)
  if (heads % keyValueHeads !== 0) throw configError(`num_key_value_heads ${keyValueHeads} does not divide num_attention_heads ${heads}`)
  const slides = config.model_type === 'mistral' ? config.sliding_window : config.use_sliding_window ? config.sliding_window : undefined
  if (slides && slides < config.max_position_embeddings) throw configError(`sliding_window ${slides} is shorter than max_position_embeddings`)
  const qwen = config.model_type === 'qwen2'
  return {
    vocabSize: config.vocab_size,
    hiddenSize: config.hidden_size,
    intermediateSize: config.intermediate_size,
    layers: config.num_hidden_layers,
    heads,
    keyValueHeads,
    headDim,
    maxPositionEmbeddings: config.max_position_embeddings,
    rmsNormEps: config.rms_norm_eps,
    tieWordEmbeddings: config.tie_word_embeddings,
    queryKeyValueBias: qwen || config.attention_bias,
    outputBias: !qwen && config.attention_bias,
    mlpBias: config.mlp_bias
  }
}

const configError = (problem: string) =>
  new SkipwiseError('ARCHITECTURE_CONFIG', { problem: `config.json of a LLaMA: ${problem}`, fix: 'check the file against the model card, or use a supported model' })
