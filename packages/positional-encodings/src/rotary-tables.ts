import type { RopeFrequencies } from '@skipwise/core'
import type { PositionTables } from '@skipwise/nn'

/**
 * cos and sin of position · θ'_i, times the attention factor: computed in float64, rounded to float32 once.
 *
 * @param positionIds [N]
 * @returns tables [N, R/2]
 */
export function rotaryTables(positionIds: Int32Array, { inverseFrequencies, attentionFactor }: RopeFrequencies): PositionTables {
  const half = inverseFrequencies.length, cos = new Float32Array(positionIds.length * half), sin = new Float32Array(cos.length)
  // The rows of a batch share most positions: each is computed once and copied.
  const firstRow = new Map<number, number>()
  for (let t = 0; t < positionIds.length; t++) {
    const position = positionIds[t], known = firstRow.get(position), at = t * half
    if (known !== undefined) {
      cos.copyWithin(at, known, known + half)
      sin.copyWithin(at, known, known + half)
      continue
    }
    firstRow.set(position, at)
    for (let i = 0; i < half; i++) {
      const angle = position * inverseFrequencies[i]
      cos[at + i] = Math.cos(angle) * attentionFactor
      sin[at + i] = Math.sin(angle) * attentionFactor
    }
  }
  return { cos, sin }
}
