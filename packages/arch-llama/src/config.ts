import { validate } from '@skipwise/core'
import { configError } from '@skipwise/nn'
import { families, type Biases, type BlockForm, type Multipliers } from './families.js'
import { llamaKeys, type LlamaKeys } from './keys.js'

/** A checked LLaMA configuration, under the field's names. */
export interface LlamaConfig extends Biases {
  readonly vocabSize: number
  readonly hiddenSize: number
  readonly intermediateSize: number
  readonly layers: number
  readonly heads: number
  readonly keyValueHeads: number
  readonly headDim: number
  /** Dimensions of a head that turn: all of them but in StableLM and Phi-4-mini. */
  readonly rotaryDim: number
  readonly maxPositionEmbeddings: number
  /** ε of all norms. */
  readonly normEpsilon: number
  /** A name in `activations` of @skipwise/nn. */
  readonly activation: string
  readonly tieWordEmbeddings: boolean
  readonly form: BlockForm
  readonly multipliers: Multipliers
  /** What scores of attention are multiplied by; undefined for 1/√headDim. */
  readonly scoreScale: number | undefined
  /** c: a scaled score s becomes c · tanh(s / c) (Gemma 2); undefined for s itself. */
  readonly scoreSoftCap: number | undefined
  /** The same for logits. */
  readonly logitSoftCap: number | undefined
  /** Tokens that a token of a layer attends to, itself included; undefined for all before it. [layers] */
  readonly slidingWindows: readonly (number | undefined)[]
  /** Whether the queries and keys of a layer turn: SmolLM3 has layers without positions. [layers] */
  readonly hasPositions: readonly boolean[]
  /** `rope_theta` of the layers that slide; undefined where all layers have one RoPE. */
  readonly localRopeBase: number | undefined
}

/**
 * Reads `config.json` of the model types that the architecture has; what a file leaves out has the default that
 * transformers gives its model type.
 *
 * @throws SkipwiseError `ARCHITECTURE_CONFIG`
 */
export function parseLlamaConfig(json: Readonly<Record<string, unknown>>): LlamaConfig {
  const config = validate(llamaKeys, json, 'ARCHITECTURE_CONFIG', 'config.json of a LLaMA')
  const family = families[config.model_type]
  const layers = config.num_hidden_layers
  if (config.use_bidirectional_attention)
    throw configError('a Gemma', 'use_bidirectional_attention is true, only causal attention is supported')
  if (config.layer_types && config.layer_types.length < layers)
    throw configError('a LLaMA', `layer_types lists ${config.layer_types.length} layers, and the model has ${layers}`)
  const byLayer = <Value>(of: (layer: number) => Value) => Array.from({ length: layers }, (_, layer) => of(layer))
  return {
    vocabSize: config.vocab_size,
    hiddenSize: config.hidden_size,
    intermediateSize: config.intermediate_size,
    layers,
    ...headsOf(config),
    maxPositionEmbeddings: config.max_position_embeddings ?? family.maxPositionEmbeddings,
    normEpsilon: config[family.normEpsilonKey ?? 'rms_norm_eps'] ?? family.normEpsilon ?? 1e-6,
    activation: family.activation?.(config) ?? config.hidden_act ?? 'silu',
    tieWordEmbeddings: config.tie_word_embeddings ?? family.tieWordEmbeddings ?? false,
    ...family.biases(config),
    form: { ...llamaForm, ...family.form?.(config) },
    multipliers: { embedding: 1, residual: 1, logitsDivisor: 1, ...family.multipliers?.(config) },
    scoreScale: family.scoreScale?.(config),
    scoreSoftCap: family.softCaps?.(config).scores,
    logitSoftCap: family.softCaps?.(config).logits,
    slidingWindows: byLayer(layer => family.slidingWindow?.(config, layer)),
    hasPositions: byLayer(layer => family.hasPositions?.(config, layer) ?? true),
    localRopeBase: family.localRopeBase?.(config)
  }
}

const llamaForm: BlockForm = {
  norm: 'rms',
  residual: 'pre-norm',
  queryKeyNorm: 'none',
  fusedProjections: false
}

/** Sizes of heads, checked. */
function headsOf(config: LlamaKeys): Pick<LlamaConfig, 'heads' | 'keyValueHeads' | 'headDim' | 'rotaryDim'> {
  const family = families[config.model_type]
  const heads = config.num_attention_heads
  const keyValueHeads =
    config.num_key_value_heads === undefined ? (family.keyValueHeads ?? heads) : (config.num_key_value_heads ?? heads)
  const given = family.headDim === 'divided' ? undefined : (config.head_dim ?? family.headDim)
  const headDim = given ?? config.hidden_size / heads
  if (!Number.isInteger(headDim))
    throw configError('a LLaMA', `hidden_size ${config.hidden_size} is not a multiple of num_attention_heads ${heads}`)
  if (headDim % 2 !== 0)
    throw configError('a LLaMA', `head_dim ${headDim} is odd, and RoPE rotates pairs of dimensions`)
  if (heads % keyValueHeads !== 0)
    throw configError('a LLaMA', `num_key_value_heads ${keyValueHeads} does not divide num_attention_heads ${heads}`)
  const share =
    family.rotaryShare &&
    (config.rope_parameters?.partial_rotary_factor ?? config.partial_rotary_factor ?? family.rotaryShare)
  const rotaryDim = Math.floor(headDim * (share ?? 1))
  if (rotaryDim === 0 || rotaryDim % 2 !== 0)
    throw configError(
      'a LLaMA',
      `partial_rotary_factor ${share} turns ${rotaryDim} of the ${headDim} dimensions of a head, which is not an even number`
    )
  return { heads, keyValueHeads, headDim, rotaryDim }
}
