import { validate } from '@skipwise/core'
import { activations, configError, MAX_LAYERS } from '@skipwise/nn'
import { z } from 'zod'

const size = z.int().min(1)

/** Share of a head that turns. */
const share = z.number().positive().max(1).nullish()

/**
 * The keys of `config.json` that decide the shape of a Phi, with the defaults of transformers; others are kept and
 * ignored.
 */
const phiKeys = z.looseObject({
  model_type: z.literal('phi'),
  vocab_size: size.default(51200),
  hidden_size: size.default(2048),
  intermediate_size: size.default(8192),
  num_hidden_layers: size.max(MAX_LAYERS).default(24),
  num_attention_heads: size.default(32),
  num_key_value_heads: size.nullish(),
  max_position_embeddings: size.default(2048),
  partial_rotary_factor: share,
  rope_parameters: z.looseObject({ partial_rotary_factor: share }).nullish(),
  hidden_act: z.enum(Object.keys(activations)).default('gelu_new'),
  layer_norm_eps: z.number().positive().default(1e-5),
  qk_layernorm: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(false)
})

/** A checked Phi configuration, under the field's names. */
export interface PhiConfig {
  readonly vocabSize: number
  readonly hiddenSize: number
  readonly intermediateSize: number
  readonly layers: number
  readonly heads: number
  readonly keyValueHeads: number
  readonly headDim: number
  readonly rotaryDim: number
  readonly maxPositionEmbeddings: number
  readonly layerNormEpsilon: number
  /** A name in `activations` of @skipwise/nn. */
  readonly activation: string
  /** A layer norm of every head of queries and keys before they turn, with one weight and bias for all heads. */
  readonly headNorms: boolean
  readonly tieWordEmbeddings: boolean
}

/**
 * Reads `config.json` of Phi-1, Phi-1.5 and Phi-2. The part of a head that turns is `partial_rotary_factor` of
 * `rope_parameters`, else that at the top, else half (transformers `configuration_phi.py`).
 *
 * @throws SkipwiseError `ARCHITECTURE_CONFIG`
 */
export function parsePhiConfig(json: Readonly<Record<string, unknown>>): PhiConfig {
  const config = validate(phiKeys, json, 'ARCHITECTURE_CONFIG', 'config.json of a Phi')
  const heads = config.num_attention_heads
  const keyValueHeads = config.num_key_value_heads ?? heads
  const headDim = config.hidden_size / heads
  if (!Number.isInteger(headDim))
    throw configError('a Phi', `hidden_size ${config.hidden_size} is not a multiple of num_attention_heads ${heads}`)
  if (heads % keyValueHeads !== 0)
    throw configError('a Phi', `num_key_value_heads ${keyValueHeads} does not divide num_attention_heads ${heads}`)
  const rotaryShare = config.rope_parameters?.partial_rotary_factor ?? config.partial_rotary_factor ?? 0.5
  const rotaryDim = Math.floor(headDim * rotaryShare)
  if (rotaryDim === 0 || rotaryDim % 2 !== 0)
    throw configError(
      'a Phi',
      `partial_rotary_factor ${rotaryShare} turns ${rotaryDim} of the ${headDim} dimensions of a head, which is not an even number`
    )
  return {
    vocabSize: config.vocab_size,
    hiddenSize: config.hidden_size,
    intermediateSize: config.intermediate_size,
    layers: config.num_hidden_layers,
    heads,
    keyValueHeads,
    headDim,
    rotaryDim,
    maxPositionEmbeddings: config.max_position_embeddings,
    layerNormEpsilon: config.layer_norm_eps,
    activation: config.hidden_act,
    headNorms: config.qk_layernorm,
    tieWordEmbeddings: config.tie_word_embeddings
  }
}
