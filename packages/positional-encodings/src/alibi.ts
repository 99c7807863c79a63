import { definePlugin } from '@skipwise/core'
import type { PositionalEncoding } from '@skipwise/nn'
import { z } from 'zod'

/**
 * Slopes of ALiBi (Press et al., ICLR 2022; transformers' `build_alibi_tensor`), [H]. With H a power of two head h has
 * 2^(−8 (h + 1) / H). Otherwise the first n heads, n the power of two below H, have the slopes of n heads, and the rest
 * every other one of 2n heads, from the first.
 *
 * @param heads H ≥ 1
 */
export function alibiSlopes(heads: number): number[] {
  const n = 2 ** Math.floor(Math.log2(heads))
  return Array.from({ length: heads }, (_, h) =>
    h < n ? 2 ** ((-8 * (h + 1)) / n) : 2 ** ((-4 * (2 * (h - n) + 1)) / n)
  )
}

/**
 * Attention with linear biases: nothing is rotated, and a score decreases by the head's slope for each position between
 * query and key. Baichuan-13B, BLOOM.
 */
export const alibi = definePlugin({
  kind: 'positional-encoding',
  name: 'alibi',
  summary: 'ALiBi: scores decrease linearly with the distance, by a slope of each head (Baichuan-13B, BLOOM)',
  config: z.strictObject({}),
  create: (): PositionalEncoding => ({
    tables: positionIds => ({
      cos: new Float32Array(0),
      sin: new Float32Array(0),
      positions: Float32Array.from(positionIds)
    }),
    apply: x => x,
    slopes: alibiSlopes
  })
})
