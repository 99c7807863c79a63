import { definePlugin } from '@skipwise/core'
import type { Architecture } from '@skipwise/nn'
import { z } from 'zod'
import { parseLlamaConfig } from './config.js'
import { modelTypes } from './keys.js'
import { defineLlama } from './model.js'

export { parseLlamaConfig, type Biases, type BlockForm, type LlamaConfig, type Multipliers } from './config.js'
export { defineLlama } from './model.js'
export { llamaParameters } from './parameters.js'

/** LLaMA 1/2/3 and the models of the same blocks. */
export const llama = definePlugin({
  kind: 'architecture',
  name: 'llama',
  summary:
    'LLaMA 1/2/3, SmolLM2, Mistral, Qwen2, Qwen3, OLMo 2, Granite, SmolLM3, StableLM, Phi-3, Gemma 1 and 2: one block',
  config: z.strictObject({}),
  create: (): Architecture => ({ modelTypes, define: json => defineLlama(parseLlamaConfig(json)) })
})
