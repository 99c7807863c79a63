import type { RopeFrequencies } from '@skipwise/core'
import type { PositionalEncoding } from '@skipwise/nn'
import { rotaryHalf } from '@skipwise/runtime'

/**
 * Rotary encoding written out: every angle position · θ'_i in float64, for tests that need some encoding and no plugin.
 * Dimension i is paired with i + R/2.
 */
export const rotary: PositionalEncoding = Object.freeze({
  tables(positionIds: Int32Array, { inverseFrequencies, attentionFactor }: RopeFrequencies) {
    const angles = Array.from(positionIds, position =>
      Array.from(inverseFrequencies, frequency => position * frequency)
    ).flat()
    return {
      cos: Float32Array.from(angles, angle => Math.cos(angle) * attentionFactor),
      sin: Float32Array.from(angles, angle => Math.sin(angle) * attentionFactor)
    }
  },
  apply: rotaryHalf
})

/**
 * An encoding that rotates nothing and lets scores fall with the distance, by 2^(−8 (h + 1) / H) in head h: what ALiBi
 * asks of an engine.
 */
export const linearBias: PositionalEncoding = Object.freeze({
  tables: (positionIds: Int32Array) => ({
    cos: new Float32Array(0),
    sin: new Float32Array(0),
    positions: Float32Array.from(positionIds)
  }),
  apply: x => x,
  slopes: (heads: number) => Array.from({ length: heads }, (_, h) => 2 ** ((-8 * (h + 1)) / heads))
} satisfies PositionalEncoding)

/** The original RoPE: θ_i = b^(−2i/R) radians per position, [R/2]. */
export const plainFrequencies = (rotaryDim: number, base = 1e4): RopeFrequencies => ({
  inverseFrequencies: Float64Array.from({ length: rotaryDim / 2 }, (_, i) => base ** ((-2 * i) / rotaryDim)),
  attentionFactor: 1,
  softmaxScale: 1
})
