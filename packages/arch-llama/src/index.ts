import { definePlugin } from '@skipwise/core'
import type { Architecture } from '@skipwise/nn'
import { z } from 'zod'
import { modelTypes, parseLlamaConfig } from './config.js'
import { defineLlama } from './model.js'

export { parseLlamaConfig, type LlamaConfig } from './config.js'
export { defineLlama, llamaParameters } from './model.js'

/** LLaMA 1/2/3 and the models of the same blocks. */
export const llama = definePlugin({
  kind: 'architecture',
  name: 'llama',
  summary:
    'LLaMA 1/2/3, TinyLlama, Mistral, Qwen2, Qwen3: grouped queries, sliding windows, biases, query and key norms, tied embeddings',
  config: z.strictObject({}),
  create: (): Architecture => ({ modelTypes, define: json => defineLlama(parseLlamaConfig(json)) })
})
