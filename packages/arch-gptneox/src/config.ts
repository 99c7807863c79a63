import { validate } from '@skipwise/core'
import { activations, configError, MAX_LAYERS } from '@skipwise/nn'
import { z } from 'zod'

const size = z.int().min(1)

/** Share of a head that turns. */
const share = z.number().positive().max(1)

/**
 * The keys of `config.json` that decide the shape of a GPT-NeoX, with the defaults of transformers; others are kept and
 * ignored.
 */
const gptneoxConfig = z.looseObject({
  model_type: z.literal('gpt_neox'),
  vocab_size: size.default(50432),
  hidden_size: size.default(6144),
  intermediate_size: size.default(24576),
  num_hidden_layers: size.max(MAX_LAYERS).default(44),
  num_attention_heads: size.default(64),
  max_position_embeddings: size.default(2048),
  rotary_pct: share.nullish(),
  rope_parameters: z.looseObject({ partial_rotary_factor: share.nullish() }).nullish(),
  hidden_act: z.enum(Object.keys(activations)).default('gelu'),
  layer_norm_eps: z.number().positive().default(1e-5),
  use_parallel_residual: z.boolean().default(true),
  attention_bias: z.boolean().default(true),
  tie_word_embeddings: z.boolean().default(false)
})

/** A checked GPT-NeoX configuration, under the field's names. */
export interface GptneoxConfig {
  readonly vocabSize: number
  readonly hiddenSize: number
  readonly intermediateSize: number
  readonly layers: number
  readonly heads: number
  readonly headDim: number
  readonly rotaryDim: number
  readonly maxPositionEmbeddings: number
  readonly layerNormEpsilon: number
  /** A name in `activations` of @skipwise/nn. */
  readonly activation: string
  /** Attention and feed-forward read the same hidden states; else the feed-forward reads what attention wrote. */
  readonly parallelResidual: boolean
  readonly attentionBias: boolean
  readonly tieWordEmbeddings: boolean
}

/**
 * Reads `config.json` of GPT-NeoX and Pythia. The part of a head that turns is `partial_rotary_factor` of
 * `rope_parameters`, else `rotary_pct`, else a quarter (transformers `configuration_gpt_neox.py`).
 *
 * @throws SkipwiseError `ARCHITECTURE_CONFIG`
 */
export function parseGptneoxConfig(json: Readonly<Record<string, unknown>>): GptneoxConfig {
  const config = validate(gptneoxConfig, json, 'ARCHITECTURE_CONFIG', 'config.json of a GPT-NeoX')
  const headDim = config.hidden_size / config.num_attention_heads
  if (!Number.isInteger(headDim))
    throw configError(
      'a GPT-NeoX',
      `hidden_size ${config.hidden_size} is not a multiple of num_attention_heads ${config.num_attention_heads}`
    )
  const rotaryShare = config.rope_parameters?.partial_rotary_factor ?? config.rotary_pct ?? 0.25
  const rotaryDim = Math.floor(headDim * rotaryShare)
  if (rotaryDim === 0 || rotaryDim % 2 !== 0)
    throw configError(
      'a GPT-NeoX',
      `rotary_pct ${rotaryShare} rotates ${rotaryDim} of the ${headDim} dimensions of a head, which is not an even number`
    )
  return {
    vocabSize: config.vocab_size,
    hiddenSize: config.hidden_size,
    intermediateSize: config.intermediate_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    headDim,
    rotaryDim,
    maxPositionEmbeddings: config.max_position_embeddings,
    layerNormEpsilon: config.layer_norm_eps,
    activation: config.hidden_act,
    parallelResidual: config.use_parallel_residual,
    attentionBias: config.attention_bias,
    tieWordEmbeddings: config.tie_word_embeddings
  }
}
