import { validate } from '@skipwise/core'
import { activations, configError, MAX_LAYERS } from '@skipwise/nn'
import { z } from 'zod'

const size = z.int().min(1)

/** transformers reads these names for the keys of GPT-J (`attribute_map`). */
const otherNames = {
  n_positions: 'max_position_embeddings',
  n_embd: 'hidden_size',
  n_head: 'num_attention_heads',
  n_layer: 'num_hidden_layers'
} as const

/**
 * The keys of `config.json` that decide a GPT-J's shape, with the defaults of transformers; others are kept and
 * ignored.
 */
const gptjConfig = z.looseObject({
  model_type: z.literal('gptj'),
  vocab_size: size.default(50400),
  n_positions: size.default(2048),
  n_embd: size.default(4096),
  n_layer: size.max(MAX_LAYERS).default(28),
  n_head: size.default(16),
  rotary_dim: size.nullable().default(64),
  n_inner: size.nullish(),
  activation_function: z.enum(Object.keys(activations)).default('gelu_new'),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  tie_word_embeddings: z.boolean().default(false)
})

/** A checked GPT-J configuration, under the field's names. */
export interface GptjConfig {
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
  readonly tieWordEmbeddings: boolean
}

/**
 * Reads `config.json` of GPT-J. With a `rotary_dim` of `null` whole heads are rotated. @throws SkipwiseError
 * `ARCHITECTURE_CONFIG`
 */
export function parseGptjConfig(json: Readonly<Record<string, unknown>>): GptjConfig {
  const named = Object.fromEntries(Object.entries(otherNames).map(([key, other]) => [key, json[key] ?? json[other]]))
  const config = validate(gptjConfig, { ...json, ...named }, 'ARCHITECTURE_CONFIG', 'config.json of a GPT-J')
  const headDim = config.n_embd / config.n_head
  const rotaryDim = config.rotary_dim ?? headDim
  if (!Number.isInteger(headDim))
    throw configError('a GPT-J', `n_embd ${config.n_embd} is not a multiple of n_head ${config.n_head}`)
  if (rotaryDim > headDim || rotaryDim % 2 !== 0)
    throw configError(
      'a GPT-J',
      `rotary_dim ${rotaryDim} is not an even number up to the ${headDim} dimensions of a head`
    )
  return {
    vocabSize: config.vocab_size,
    hiddenSize: config.n_embd,
    intermediateSize: config.n_inner ?? 4 * config.n_embd,
    layers: config.n_layer,
    heads: config.n_head,
    headDim,
    rotaryDim,
    maxPositionEmbeddings: config.n_positions,
    layerNormEpsilon: config.layer_norm_epsilon,
    activation: config.activation_function,
    tieWordEmbeddings: config.tie_word_embeddings
  }
}
