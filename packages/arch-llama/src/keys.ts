import { activations, MAX_LAYERS } from '@skipwise/nn'
import { z } from 'zod'

/** Values of `model_type` whose models are made of these blocks. */
export const modelTypes = [
  'llama',
  'mistral',
  'qwen2',
  'qwen3',
  'olmo2',
  'granite',
  'smollm3',
  'stablelm',
  'phi3',
  'gemma',
  'gemma2',
  'gemma3_text',
  'olmo3'
] as const

const size = z.int().min(1)
const epsilon = z.number().positive().optional()
const multiplier = z.number().positive().default(1)
const activation = z.enum(Object.keys(activations)).nullish()
const softCap = z.number().positive().nullish()
/** Share of a head that turns. */
const share = z.number().positive().max(1).nullish()

/** The keys of `config.json` that decide a LLaMA's shape; others are kept and ignored. */
export const llamaKeys = z.looseObject({
  model_type: z.enum(modelTypes),
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size.max(MAX_LAYERS),
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  max_position_embeddings: size.optional(),
  rms_norm_eps: epsilon,
  layer_norm_eps: epsilon,
  hidden_act: activation,
  hidden_activation: activation,
  tie_word_embeddings: z.boolean().optional(),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  sliding_window: size.nullish(),
  use_sliding_window: z.boolean().default(false),
  max_window_layers: z.int().min(0).default(28),
  // Gemma 3: one layer in so many does not slide
  sliding_window_pattern: size.default(6),
  rope_local_base_freq: z.number().positive().nullish(),
  layer_types: z.array(z.enum(['full_attention', 'sliding_attention'])).nullish(),
  // SmolLM3
  no_rope_layers: z.array(z.union([z.literal(0), z.literal(1), z.boolean()])).nullish(),
  no_rope_layer_interval: size.default(4),
  // Granite
  embedding_multiplier: multiplier,
  attention_multiplier: multiplier,
  residual_multiplier: multiplier,
  logits_scaling: multiplier,
  // Gemma
  query_pre_attn_scalar: z.number().positive().default(256),
  attn_logit_softcapping: softCap,
  final_logit_softcapping: softCap,
  use_bidirectional_attention: z.boolean().nullish(),
  // StableLM, and the share for Phi-4-mini too
  use_qkv_bias: z.boolean().default(false),
  qk_layernorm: z.boolean().default(false),
  use_parallel_residual: z.boolean().default(false),
  partial_rotary_factor: share,
  rope_parameters: z
    .looseObject({
      partial_rotary_factor: share,
      sliding_attention: z
        .looseObject({ rope_type: z.string().nullish(), rope_theta: z.number().positive().nullish() })
        .nullish()
    })
    .nullish()
})

/** The keys of a file, checked one by one. */
export type LlamaKeys = z.output<typeof llamaKeys>
