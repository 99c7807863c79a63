import { type Interpolation, type Plugin, type RopeGeometry, type StandardSchemaV1 } from '@skipwise/core'
import { describe, expect, test } from 'vitest'
import { codeOf } from '../code-of.js'

/** What {@link describeInterpolation} runs over. */
export interface InterpolationConformance {
  /** Configurations to try, as a user would write them; `[{}]` if not given. */
  readonly configs?: readonly unknown[]
  /** Geometries to try; LLaMA's, a small one and a large base if not given. */
  readonly geometries?: readonly RopeGeometry[]
}

const usualGeometries: readonly RopeGeometry[] = [
  { rotaryDim: 128, base: 10000, originalLength: 2048, targetLength: 16384 },
  { rotaryDim: 128, base: 500000, originalLength: 8192, targetLength: 131072 },
  { rotaryDim: 16, base: 10000, originalLength: 256, targetLength: 384 },
  { rotaryDim: 64, base: 1e6, originalLength: 4096, targetLength: 4096 }
]

/**
 * The conformance suite of interpolation schemes; call it in a vitest file. It holds a plugin to what every user relies
 * on: R/2 positive frequencies that do not rise with the index and never exceed the original ones, the original RoPE at
 * factor 1, purity, coded errors for impossible geometries, and `config.json` keys that survive JSON.
 *
 * @example
 * ```ts
 * describeInterpolation(linear)
 * describeInterpolation(yarn, { configs: [{}, { truncate: false }] })
 * ```
 */
export function describeInterpolation<Schema extends StandardSchemaV1>(
  plugin: Plugin<'interpolation', string, Schema, Interpolation>,
  { configs = [{}], geometries = usualGeometries }: InterpolationConformance = {}
): void {
  describe(`interpolation '${plugin.name}'`, () => {
    for (const config of configs) {
      const label = JSON.stringify(config)
      const create = () => plugin(config)
      test(`is a frozen plugin of this kind, ${label}`, () => {
        expect(plugin.kind).toBe('interpolation')
        expect(Object.isFrozen(plugin)).toBe(true)
        expect(plugin.summary).toMatch(/\S/)
      })
      for (const geometry of geometries) describeGeometry(create, geometry, label)

      test(`refuses impossible geometries with a code, ${label}`, () => {
        const [usual] = geometries
        const changes: Partial<RopeGeometry>[] = [
          { rotaryDim: 3 },
          { rotaryDim: 0 },
          { base: 0 },
          { base: NaN },
          { originalLength: 0 },
          { targetLength: usual.originalLength / 2 }
        ]
        for (const change of changes) {
          expect(
            codeOf(() => create().frequencies({ ...usual, ...change })),
            JSON.stringify(change)
          ).toMatch(/^[A-Z][A-Z_]+$/)
        }
      })
    }
  })
}

function describeGeometry(create: () => Interpolation, geometry: RopeGeometry, label: string): void {
  const where = `R ${geometry.rotaryDim}, b ${geometry.base}, ${geometry.originalLength} → ${geometry.targetLength}, ${label}`
  const original = Array.from(
    { length: geometry.rotaryDim / 2 },
    (_, i) => geometry.base ** ((-2 * i) / geometry.rotaryDim)
  )

  test(`gives R/2 falling positive frequencies, at most the original ones: ${where}`, () => {
    const { inverseFrequencies, attentionFactor, softmaxScale } = create().frequencies(geometry)
    expect(inverseFrequencies).toBeInstanceOf(Float64Array)
    expect(inverseFrequencies).toHaveLength(geometry.rotaryDim / 2)
    inverseFrequencies.forEach((frequency, i) => {
      expect(frequency).toBeGreaterThan(0)
      expect(frequency).toBeLessThanOrEqual(original[i] * (1 + 1e-12))
      if (i > 0) expect(frequency).toBeLessThanOrEqual(inverseFrequencies[i - 1])
    })
    for (const factor of [attentionFactor, softmaxScale]) expect(factor > 0 && Number.isFinite(factor)).toBe(true)
  })

  test(`is the original RoPE at factor 1: ${where}`, () => {
    const { inverseFrequencies } = create().frequencies({ ...geometry, targetLength: geometry.originalLength })
    inverseFrequencies.forEach((frequency, i) => expect(Math.abs(frequency / original[i] - 1)).toBeLessThan(1e-12))
  })

  test(`is pure: ${where}`, () => {
    const frozen = Object.freeze({ ...geometry })
    const instance = create()
    const first = instance.frequencies(frozen)
    const kept = Float64Array.from(first.inverseFrequencies)
    first.inverseFrequencies.fill(0)
    expect(instance.frequencies(frozen)).toEqual({ ...first, inverseFrequencies: kept })
  })

  test(`writes keys that survive JSON, or says that it cannot: ${where}`, () => {
    const instance = create()
    if (codeOf(() => instance.toHuggingFace(geometry)) !== undefined) return
    const keys = instance.toHuggingFace(geometry)
    expect(JSON.parse(JSON.stringify(keys))).toEqual(keys)
    expect(keys.rope_parameters).toMatchObject({ rope_type: expect.any(String), rope_theta: keys.rope_theta })
    expect(Number.isInteger(keys.max_position_embeddings)).toBe(true)
    if (keys.rope_parameters['rope_type'] === 'default') expect(keys.rope_scaling).toBeNull()
    else expect(keys.rope_scaling).toMatchObject({ type: keys.rope_parameters['rope_type'] })
  })
}
