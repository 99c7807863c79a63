import { validate } from '@skipwise/core'
import { configError } from '@skipwise/nn'
import { families } from './families.js'
import { llamaKeys } from './keys.js'

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
  readonly windows: readonly (number | undefined)[]
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
  if (headDim % 2 !== 0) throw configError('a LLaMA', `head_dim ${headDim} is odd, RoPE turns pairs of dimensions`)
  if (heads % keyValueHeads !== 0)
    throw configError('a LLaMA', `num_key_value_heads ${keyValueHeads} does not divide num_attention_heads ${heads}`)
  if (config.layer_types && config.layer_types.length < layers)
    throw configError('a LLaMA', `layer_types names ${config.layer_types.length} layers of ${layers}`)
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
    windows: Array.from({ length: layers }, (_, layer) => family.window(config, layer))
  }
}
