import { definePlugin } from '@skipwise/core'
import type { Architecture } from '@skipwise/nn'
import { z } from 'zod'
import { parseGptjConfig } from './config.js'
import { defineGptj } from './model.js'

export { parseGptjConfig, type GptjConfig } from './config.js'
export { defineGptj, gptjParameters } from './model.js'

/** GPT-J. */
export const gptj = definePlugin({
  kind: 'architecture',
  name: 'gptj',
  summary: 'GPT-J: interleaved partial rotary, parallel residual, layer norm, biases, an output layer with a bias',
  config: z.strictObject({}),
  create: (): Architecture => ({ modelTypes: ['gptj'], define: json => defineGptj(parseGptjConfig(json)) })
})
