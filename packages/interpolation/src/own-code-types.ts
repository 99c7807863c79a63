import type { ModelType } from './model-type.js'

const latent: ModelType = { headDimKey: 'qk_rope_head_dim', headDim: 64 }

/**
 * Models that transformers runs only by the authors' own code, with the defaults of their configuration classes. `{}`
 * is like LLaMA in everything that concerns the RoPE.
 */
export const ownCodeTypes: Readonly<Record<string, ModelType>> = {
  Yi: {},
  aquila: {},
  baichuan: { window: 4096 },
  chatglm: { share: 0.5, headDimKey: 'kv_channels', headDim: 128 },
  deepseek: {},
  exaone: {},
  internlm: {},
  internlm2: {},
  internlm3: {},
  jais: { positions: 'ALiBi' },
  kimi_k2: latent,
  minicpm: {},
  orion: {},
  // Phi-1, 1.5 and 2 as first published
  'phi-msft': { rotaryDim: 32 },
  // the first Qwen
  qwen: { headDimKey: 'kv_channels', headDim: 128 },
  refact: { positions: 'ALiBi' },
  stablelm_epoch: { share: 0.25 },
  xverse: {}
}

/** Former names of model types. */
export const formerNames: Readonly<Record<string, string>> = {
  RefinedWeb: 'falcon',
  RefinedWebModel: 'falcon',
  code_llama: 'llama',
  cohere2_moe: 'cohere2',
  'deepseek-v3': 'deepseek_v3',
  gpt_refact: 'refact',
  modernbert_decoder: 'modernbert-decoder'
}
