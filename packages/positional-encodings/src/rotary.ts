import { definePlugin } from '@skipwise/core'
import type { PositionalEncoding } from '@skipwise/nn'
import * as runtime from '@skipwise/runtime'
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
  create: (): PositionalEncoding => ({ tables: rotaryTables, apply: runtime.rotaryHalf })
})

/**
 * Rotary encoding that pairs dimension 2i with 2i + 1: GPT-J, the original LLaMA weights, RoFormer. The frequencies
 * determine R; dimensions of a head beyond R stay as they are (GPT-J: 64 of 256).
 */
export const rotaryInterleaved = definePlugin({
  kind: 'positional-encoding',
  name: 'rotary-interleaved',
  summary: 'RoPE, dimension 2i paired with 2i + 1 (GPT-J, RoFormer, LLaMA as Meta stores it)',
  config: z.strictObject({}),
  create: (): PositionalEncoding => ({ tables: rotaryTables, apply: runtime.rotaryInterleaved })
})
