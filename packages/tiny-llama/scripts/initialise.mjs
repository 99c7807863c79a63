// The random weights that training starts from: work/0-random. Usage: node scripts/initialise.mjs
//
// Weights of a plain LLaMA, random but for a structure that saves the long plateau before a small model begins to copy: layer 0 begins by
// attending to the previous token and layer 1 by looking for the current token's earlier occurrence ("induction heads", Olsson et al. 2022;
// structured initialisation of attention after Trockman and Kolter 2023, "Mimetic Initialization"). Nothing is frozen.
import { writeCheckpoint, writeModelConfig } from '@skipwise/checkpoints'
import { randomStream } from '@skipwise/core'
import { copyFile } from 'node:fs/promises'
import { initialWeights } from './structured-weights.mjs'
import { at, isMain, say } from './paths.mjs'

export const config = {
  architectures: ['LlamaForCausalLM'],
  attention_bias: false,
  bos_token_id: 0,
  eos_token_id: 1,
  head_dim: 32,
  hidden_act: 'silu',
  hidden_size: 128,
  initializer_range: 128 ** -0.5,
  intermediate_size: 352,
  max_position_embeddings: 256,
  mlp_bias: false,
  model_type: 'llama',
  num_attention_heads: 4,
  num_hidden_layers: 4,
  num_key_value_heads: 4,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: true,
  torch_dtype: 'float32',
  use_cache: true,
  vocab_size: 1024
}

/** Writes a model folder. @param {string} folder */
export async function initialise(folder) {
  const weights = initialWeights(config, index => randomStream({ seed: 0, stream: 'tiny-llama', index }))
  await writeCheckpoint(folder, weights)
  await writeModelConfig(folder, config)
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) await copyFile(at('model', file), `${folder}/${file}`)
}

if (isMain(import.meta.url)) {
  await initialise(at('work', '0-random'))
  say('work/0-random: done')
}
