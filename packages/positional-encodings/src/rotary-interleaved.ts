import { definePlugin } from '@skipwise/core'
import type { PositionalEncoding } from '@skipwise/nn'
import { rotaryInterleaved as rotate } from '@skipwise/runtime'
import { z } from 'zod'
import { rotaryTables } from './rotary-tables.js'

/**
 * Rotary encoding that pairs dimension 2i with 2i + 1: GPT-J, the original LLaMA weights, RoFormer. The frequencies
 * determine R; dimensions of a head beyond R stay as they are (GPT-J: 64 of 256).
 */
export const rotaryInterleaved = definePlugin({
  kind: 'positional-encoding',
  name: 'rotary-interleaved',
  summary: 'RoPE, dimension 2i paired with 2i + 1 (GPT-J, RoFormer, LLaMA as Meta stores it)',
  config: z.strictObject({}),
  create: (): PositionalEncoding => ({ tables: rotaryTables, apply: rotate })
})
