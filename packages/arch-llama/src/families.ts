import { configError } from '@skipwise/nn'
import type { LlamaConfig } from './config.js'
import type { LlamaKeys, modelTypes } from './keys.js'

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
  window(config: LlamaKeys, layer: number): number | undefined
}

/** Where the default of `sliding_window` is 4,096 tokens, `null` says that there is none. */
const windowOf = ({ sliding_window }: LlamaKeys) =>
  sliding_window === undefined ? 4096 : (sliding_window ?? undefined)

/** `layer_types` decides, else layers from `max_window_layers` on slide; all of it only with `use_sliding_window`. */
function qwenWindow(config: LlamaKeys, layer: number): number | undefined {
  const window = config.use_sliding_window ? windowOf(config) : undefined
  const type = config.layer_types?.[layer]
  if (type === 'sliding_attention' && window === undefined)
    throw configError(
      'a Qwen',
      `layer_types says that layer ${layer} slides, but use_sliding_window and sliding_window do not`
    )
  return (type === undefined ? layer >= config.max_window_layers : type === 'sliding_attention') ? window : undefined
}

const same = (bias: boolean) => ({ queryKeyValueBias: bias, outputBias: bias })

/** By `model_type`. */
export const families: Readonly<Record<(typeof modelTypes)[number], Family>> = {
  llama: {
    maxPositionEmbeddings: 2048,
    headNorms: false,
    biases: ({ attention_bias, mlp_bias }) => ({ ...same(attention_bias), mlpBias: mlp_bias }),
    window: () => undefined
  },
  mistral: {
    maxPositionEmbeddings: 4096 * 32,
    headNorms: false,
    keyValueHeads: 8,
    biases: () => ({ ...same(false), mlpBias: false }),
    window: windowOf
  },
  qwen2: {
    maxPositionEmbeddings: 32768,
    headNorms: false,
    keyValueHeads: 32,
    biases: () => ({ queryKeyValueBias: true, outputBias: false, mlpBias: false }),
    window: qwenWindow
  },
  qwen3: {
    maxPositionEmbeddings: 32768,
    headNorms: true,
    keyValueHeads: 32,
    headDim: 128,
    biases: ({ attention_bias }) => ({ ...same(attention_bias), mlpBias: false }),
    window: qwenWindow
  }
}
