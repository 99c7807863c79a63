import { activations, MAX_LAYERS } from '@skipwise/nn'
import { z } from 'zod'

/** Values of `model_type` whose models are made of these blocks. */
export const modelTypes = ['llama', 'mistral', 'qwen2', 'qwen3'] as const

const size = z.int().min(1)

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

/** The keys as they stand in a file, checked one by one. */
export type LlamaKeys = z.output<typeof llamaKeys>
