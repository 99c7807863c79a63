import { definePlugin } from '@skipwise/core'
import type { Architecture } from '@skipwise/nn'
import { z } from 'zod'
import { parseBaichuanConfig } from './config.js'
import { defineBaichuan } from './model.js'

export { parseBaichuanConfig, type BaichuanConfig } from './config.js'
export { defineBaichuan, baichuanParameters } from './model.js'

/** Baichuan and Baichuan2. */
export const baichuan = definePlugin({
  kind: 'architecture',
  name: 'baichuan',
  summary:
    'Baichuan and Baichuan2, 7B (RoPE) and 13B (ALiBi): one projection for queries, keys and values, L2-normalised output rows',
  config: z.strictObject({}),
  create: (): Architecture => ({
    modelTypes: ['baichuan'],
    define: (json, hint) => defineBaichuan(parseBaichuanConfig(json, hint))
  })
})
