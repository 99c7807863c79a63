import { definePlugin } from '@skipwise/core'
import type { Architecture } from '@skipwise/nn'
import { z } from 'zod'
import { parseGptneoxConfig } from './config.js'
import { defineGptneox } from './model.js'

export { parseGptneoxConfig, type GptneoxConfig } from './config.js'
export { defineGptneox, gptneoxParameters } from './model.js'

/** GPT-NeoX and Pythia. */
export const gptneox = definePlugin({
  kind: 'architecture',
  name: 'gptneox',
  summary: 'GPT-NeoX, Pythia: fused projections, partial rotary, parallel residual, layer norm, biases',
  config: z.strictObject({}),
  create: (): Architecture => ({ modelTypes: ['gpt_neox'], define: json => defineGptneox(parseGptneoxConfig(json)) })
})
