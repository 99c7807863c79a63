import type { RopeFrequencies } from '@skipwise/core'
import type { RotaryTables } from '@skipwise/nn'

/**
 * cos and sin of position · θ'_i, times the attention factor: computed in float64, rounded to float32 once.
 *
 * @param positionIds [N]
 * @returns tables [N, R/2]
 */
export function rotaryTables(positionIds: Int32Array, { inverseFrequencies, attentionFactor }: RopeFrequencies): RotaryTables {
  const half = inverseFrequencies.length, cos = new Float32Array(positionIds.length * half), sin = new Float32Array(cos.length)
  for (let t = 0, at = 0; t < positionIds.length; t++) {
    const position = positionIds[t]
    for (let i = 0; i < half; i++, at++) {
      const angle = position * inverseFrequencies[i]
      cos[at] = Math.cos(angle) * attentionFactor
      sin[at] = Math.sin(angle) * attentionFactor
    }
  }
  return { cos, sin }
}
