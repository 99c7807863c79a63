import { definePlugin } from '@skipwise/core'
import type { PositionalEncoding } from '@skipwise/nn'
import { rotaryHalf as rotate } from '@skipwise/runtime'
import { z } from 'zod'
import { rotaryTables } from './rotary-tables.js'

/**
 * Rotary encoding that pairs dimension i with i + R/2: LLaMA, Mistral, Qwen and Baichuan as transformers stores them.
 * The frequencies determine R; dimensions of a head beyond R stay as they are (partial rotary).
 */
export const rotaryHalf = definePlugin({
  kind: 'positional-encoding',
  name: 'rotary-half',
  summary: 'RoPE, dimension i paired with i + R/2 (LLaMA in transformers, "NeoX" style)',
  config: z.strictObject({}),
  create: (): PositionalEncoding => ({ tables: rotaryTables, apply: rotate })
})
