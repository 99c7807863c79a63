import type { ModelConfig } from '@skipwise/checkpoints'

/** Why a model is not supported, as the parts of an error. */
export interface Unsupported {
  readonly problem: string
  readonly fix: string
}

interface Kind extends Unsupported {
  /** Part of a `model_type` that says it. */
  readonly types: RegExp
  /** Whether a key of `config.json` with this value says it. */
  says(key: string, value: unknown): boolean
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null
const isMany = (value: unknown) => typeof value === 'number' && value > 1

const NOT_TEXT = /^(vision|audio|speech|image|video|vit|tts|talker|thinker)_(config|tower|encoder)$/
const EXPERTS = /^(num_local_experts|num_experts|n_routed_experts|moe_num_experts|num_experts_per_tok|moe_top_k)$/
const LAYER_ROPE = /^(rope_local_base_freq|local_rope_theta)$/
const STATE_SPACE = /^(mamba_|ssm_|linear_(key|value)_head_dim$|time_step_rank$|lru_width$|attention_block_indices$)/

/** What no architecture here computes; the first kind that a file shows is said. */
const kinds: readonly Kind[] = [
  {
    types:
      /_vl\b|_vl_|vision|llava|omni|pixtral|idefics|internvl|^gemma3$|^gemma3n$|^gemma4$|^mllama$|^llama4$|^mistral3$/,
    says: (key, value) => NOT_TEXT.test(key) && isObject(value),
    problem: 'it reads pictures or sound as well as text',
    fix: 'save its text model alone (transformers: the language model of the loaded model, save_pretrained), where that is of a supported type'
  },
  {
    types:
      /mamba|jamba|zamba|bamba|rwkv|xlstm|falcon_h1|nemotron_h|recurrent_gemma|hybrid|^lfm2|qwen3_next|kimi_linear/,
    says: (key, value) => STATE_SPACE.test(key) && value !== null,
    problem: 'it has layers with a state in place of attention (state-space, recurrent or linear attention)',
    fix: 'use a model whose layers all have attention'
  },
  {
    types: /moe|mixtral|dbrx|deepseek_v\d|gpt_oss|jetmoe|^grok|arctic|^minimax|longcat/,
    says: (key, value) => EXPERTS.test(key) && isMany(value),
    problem: 'it is a mixture of experts',
    fix: 'use a dense model of the same family'
  },
  {
    types: /^(t5|mt5|umt5|bart|mbart|pegasus|marian|t5gemma2?)$/,
    says: (key, value) => key === 'is_encoder_decoder' && value === true,
    problem: 'it has an encoder and a decoder',
    fix: 'use a model that is a decoder alone'
  },
  {
    types: /^(gemma4_text|modernbert|modernbert-decoder)$/,
    says: (key, value) => LAYER_ROPE.test(key) && typeof value === 'number',
    problem: 'it has a RoPE of its own for each type of layers',
    fix: 'use a model with one RoPE, or whose sliding layers alone differ, for instance Gemma 3'
  }
]

/**
 * What a model has that no architecture here computes: another kind of layers, or inputs that are not text.
 *
 * @param config a parsed `config.json` whose `model_type` no architecture reads; nothing in it is trusted
 * @returns undefined for a model that is only unknown
 */
export function unsupported(config: ModelConfig): Unsupported | undefined {
  const type = String(config['model_type'])
  const entries = Object.entries(config)
  const kind =
    kinds.find(({ says }) => entries.some(([key, value]) => says(key, value))) ??
    kinds.find(({ types }) => types.test(type))
  return kind && { problem: kind.problem, fix: kind.fix }
}
