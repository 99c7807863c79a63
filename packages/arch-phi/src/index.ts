import { definePlugin } from '@skipwise/core'
import type { Architecture } from '@skipwise/nn'
import { z } from 'zod'
import { parsePhiConfig } from './config.js'
import { definePhi } from './model.js'

export { parsePhiConfig, type PhiConfig } from './config.js'
export { definePhi, phiParameters } from './model.js'

/** Phi-1, Phi-1.5 and Phi-2. Phi-3 is made of LLaMA's blocks. */
export const phi = definePlugin({
  kind: 'architecture',
  name: 'phi',
  summary: 'Phi-1, Phi-1.5, Phi-2: partial rotary, parallel residual, layer norm, biases',
  config: z.strictObject({}),
  create: (): Architecture => ({ modelTypes: ['phi'], define: json => definePhi(parsePhiConfig(json)) })
})
