import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rotaryTables } from './rotary.js'

const inverseFrequencies = Float64Array.from({ length: 8 }, (_, i) => 10000 ** (-i / 8))
const attentionFactor = 1.1386
const tables = (...positions: number[]) =>
  rotaryTables(Int32Array.from(positions), { inverseFrequencies, attentionFactor, softmaxScale: 1 })

describe('rotaryTables', () => {
  // half a unit of float32 is 2⁻²⁵; the float64 angle adds position · 2⁻⁵², below a million 3e-10
  test('has the cosines and sines of the angles at any position, rounded once', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 20), { minLength: 1, maxLength: 20 }), positions => {
        const { cos, sin } = tables(...positions)
        positions.forEach((position, t) =>
          inverseFrequencies.forEach((frequency, i) => {
            const allowed = attentionFactor * (2 ** -25 + 3e-10)
            expect(Math.abs(cos[8 * t + i] - Math.cos(position * frequency) * attentionFactor)).toBeLessThanOrEqual(
              2 * allowed
            )
            expect(Math.abs(sin[8 * t + i] - Math.sin(position * frequency) * attentionFactor)).toBeLessThanOrEqual(
              2 * allowed
            )
          })
        )
      })
    )
  })

  test('has rows that depend on their position alone', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 20), { minLength: 1, maxLength: 20 }), fc.nat(19), (positions, at) => {
        const t = at % positions.length
        const alone = tables(positions[t])
        const together = tables(...positions)
        expect(together.cos.subarray(8 * t, 8 * t + 8)).toEqual(alone.cos)
        expect(together.sin.subarray(8 * t, 8 * t + 8)).toEqual(alone.sin)
      })
    )
  })
})
