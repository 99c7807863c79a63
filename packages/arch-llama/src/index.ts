import { definePlugin } from '@skipwise/core'
import type { Architecture } from '@skipwise/nn'
import { z } from 'zod'
import { parseLlamaConfig } from './config.js'
import { defineLlama } from './model.js'

export { archLlamaErrorCodes, parseLlamaConfig, type LlamaConfig } from './config.js'
export { defineLlama, llamaParameters } from './model.js'

/** LLaMA 1/2/3 and the models of the same blocks. */
export const llama = definePlugin({
  kind: 'architecture',
  name: 'llama',
  summary: 'LLaMA 1/2/3, Mistral, Qwen2: MHA or GQA, tied embeddings, attention bias',
  config: z.strictObject({}),
  create: (): Architecture => ({ modelTypes: ['llama', 'mistral', 'qwen2'], define: json => defineLlama(parseLlamaConfig(json)) })
})
