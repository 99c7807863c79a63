import { readFileSync } from 'node:fs'
import type { Interpolation, RopeGeometry } from '@skipwise/core'
import { createRegistry } from '@skipwise/core'
import { fc, test as property } from '@fast-check/vitest'
import { describeInterpolation, sharedFixture } from '@skipwise/testing'
import { describe, expect, test } from 'vitest'
import {
  dynamicLinear,
  dynamicNtk,
  dynamicNtkStatic,
  dynamicYarn,
  interpolationPlugins,
  linear,
  llama3,
  longrope,
  none,
  ntk,
  ntkByParts,
  ntkFixed,
  proportional,
  readHuggingFaceRope,
  yarn,
  yarnPaper,
  yarnRevised
} from './index.js'

const registry = createRegistry().register(...interpolationPlugins)

/** Largest relative difference, element by element. */
const relativeError = (actual: ArrayLike<number>, expected: ArrayLike<number>) => {
  expect(actual).toHaveLength(expected.length)
  return Math.max(...Array.from(expected, (value, i) => Math.abs(actual[i] / value - 1)))
}

for (const plugin of [none, linear, dynamicLinear, ntk, dynamicNtk, dynamicNtkStatic, yarnRevised])
  describeInterpolation(plugin)
describeInterpolation(proportional)
describeInterpolation(ntkFixed, { configs: [{}, { mixedB: 0.625 }, { mixedB: 2 }] })
describeInterpolation(ntkByParts, { configs: [{}, { ntkFactor: 0 }, { ntkFactor: 0.5, extrapolationFactor: 0.5 }] })
describeInterpolation(yarnPaper, { configs: [{}, { alpha: 2, beta: 8 }] })
describeInterpolation(dynamicYarn, { configs: [{}, { finetuned: true }] })
describeInterpolation(yarn, {
  configs: [
    {},
    { truncate: false },
    { clamp: 'frequencies' },
    { betaFast: 16, betaSlow: 2, attentionFactor: 1.05 },
    { mscale: 1, mscaleAllDim: 0.8 }
  ]
})
describeInterpolation(llama3, { configs: [{}, { lowFreqFactor: 1, highFreqFactor: 8 }] })
describeInterpolation(longrope, {
  configs: [{ shortFactor: [1, 1, 1, 1], longFactor: [1, 1.3, 2.2, 4] }],
  geometries: [{ rotaryDim: 8, base: 10000, originalLength: 32, targetLength: 128 }]
})

interface GoldenCase {
  readonly head_dim: number
  readonly rope_theta: number
  readonly max_position_embeddings: number
  readonly rope_scaling: { readonly rope_type: string }
  readonly seq_len: number | null
  readonly inverse_frequencies: readonly number[]
  readonly attention_factor: number
}

const golden = sharedFixture('rope-golden.json')
const goldenCases: readonly GoldenCase[] = golden ? JSON.parse(readFileSync(golden, 'utf8')).cases : []

/** Why a table differs from the golden one, or undefined; old and new keys are both read. */
function mismatch(expected: GoldenCase): string | undefined {
  const keys = { head_dim: expected.head_dim, max_position_embeddings: expected.max_position_embeddings }
  for (const config of [
    { ...keys, rope_parameters: expected.rope_scaling },
    { ...keys, rope_scaling: expected.rope_scaling, rope_theta: expected.rope_theta }
  ]) {
    const { geometry, ...reference } = readHuggingFaceRope(config)
    const length = expected.seq_len === null ? {} : { length: expected.seq_len }
    const { inverseFrequencies, attentionFactor } = registry
      .resolveUnknown('interpolation', reference)
      .frequencies({ ...geometry, ...length })
    const error = relativeError(inverseFrequencies, expected.inverse_frequencies)
    if (!(error < 1e-6)) return `frequencies differ by ${error}`
    if (!(relativeError([attentionFactor], [expected.attention_factor]) < 1e-14))
      return `the attention factor is ${attentionFactor}`
  }
  return undefined
}

describe.skipIf(!golden)('the tables of transformers 5.18', () => {
  test('there are 99', () => expect(goldenCases).toHaveLength(99))

  goldenCases.forEach((expected, index) => {
    test(`case ${index}: ${expected.rope_scaling.rope_type}, D ${expected.head_dim}, b ${expected.rope_theta}, max ${expected.max_position_embeddings}, length ${expected.seq_len}`, () => {
      expect(mismatch(expected)).toBeUndefined()
    })
  })

  test('a table that is off by 3e-6 in one place is found, in every case and place', () => {
    for (const expected of goldenCases) {
      for (const i of expected.inverse_frequencies.keys()) {
        const perturbed = expected.inverse_frequencies.map((value, k) => (k === i ? value * (1 + 3e-6) : value))
        expect(mismatch({ ...expected, inverse_frequencies: perturbed })).toMatch('frequencies differ')
      }
    }
  })
})

describe('golden values of peers.md 1.2: D = 128, b = 10⁴, 2,048 → 16,384', () => {
  const geometry: RopeGeometry = { rotaryDim: 128, base: 10000, originalLength: 2048, targetLength: 16384 }
  const columns: [string, Interpolation][] = [
    ['yarn', yarn()],
    ['yarn, truncate false', yarn({ truncate: false })],
    ['yarn-paper', yarnPaper()],
    ['yarn-revised', yarnRevised()],
    ['ntk', ntk()],
    ['linear', linear()]
  ]
  const rows: [number, ...number[]][] = [
    [0, 1, 1, 1, 1, 1, 0.125],
    [16, 0.1, 0.1, 0.1, 0.1, 0.0589717224, 0.0125],
    [20, 0.048361354, 0.0483229127, 0.0345355445, 0.0265255342, 0.0290606127, 0.00702926656],
    [28, 0.0103140206, 0.0101121449, 0.00463026872, 0.0040786225, 0.00705710652, 0.00222284926],
    [36, 0.00168702398, 0.00156319074, 0.000835136599, 0.000852032311, 0.00171375438, 0.000702926656],
    [41, 0.000342302454, 0.000342302454, 0.000342302454, 0.000342302454, 0.000707578732, 0.000342302454],
    [63, 1.44347748e-5, 1.44347748e-5, 1.44347748e-5, 1.44347748e-5, 1.44347748e-5, 1.44347748e-5]
  ]
  columns.forEach(([name, scheme], column) => {
    // nine digits are printed there
    test(name, () => {
      const { inverseFrequencies } = scheme.frequencies(geometry)
      for (const [i, ...expected] of rows)
        expect(relativeError([inverseFrequencies[i]], [expected[column]]), `i = ${i}`).toBeLessThan(5e-9)
    })
  })

  test('attention factors', () => {
    const factorAt = (scheme: Interpolation, s: number) =>
      scheme.frequencies({ ...geometry, targetLength: 2048 * s }).attentionFactor
    for (const [s, expected] of [
      [8, 1.20794],
      [16, 1.27726],
      [64, 1.41589]
    ]) {
      expect(factorAt(yarn(), s)).toBeCloseTo(expected, 5)
      expect(factorAt(yarnRevised(), s)).toBeCloseTo(expected, 5)
    }
    const ones = new Array(64).fill(1)
    const su = longrope({ shortFactor: ones, longFactor: ones })
    for (const [s, expected] of [
      [8, 1.12815],
      [16, 1.16775],
      [64, 1.24316]
    ])
      expect(factorAt(su, s)).toBeCloseTo(expected, 5)
  })

  test('yarn differs from yarn-revised by up to 2.53 at s = 8 and 16.5 at s = 64', () => {
    for (const [s, expected] of [
      [8, 2.53],
      [64, 16.5]
    ]) {
      const at = { ...geometry, targetLength: 2048 * s }
      const code = yarn().frequencies(at).inverseFrequencies
      const revised = yarnRevised().frequencies(at).inverseFrequencies
      expect(Math.max(...code.map((frequency, i) => frequency / revised[i])) / expected).toBeCloseTo(1, 2)
    }
  })
})

describe('properties', () => {
  const geometries = fc
    .record({
      rotaryDim: fc.integer({ min: 2, max: 64 }).map(half => 2 * half),
      base: fc.double({ min: 100, max: 1e7, noNaN: true }),
      originalLength: fc.integer({ min: 64, max: 32768 }),
      factor: fc.double({ min: 1, max: 128, noNaN: true })
    })
    .map(({ factor, ...rest }): RopeGeometry => ({ ...rest, targetLength: rest.originalLength * factor }))
  const schemes = fc.constantFrom<[string, unknown][]>(
    ['none', {}],
    ['linear', {}],
    ['ntk', {}],
    ['yarn', {}],
    ['yarn', { truncate: false }],
    ['yarn', { betaFast: 16, betaSlow: 2, attentionFactor: 1.05 }],
    ['yarn', { mscale: 1, mscaleAllDim: 0.8 }],
    ['yarn', { clamp: 'frequencies' }],
    ['yarn-revised', {}],
    ['yarn-paper', {}],
    ['llama3', {}],
    ['llama3', { lowFreqFactor: 2, highFreqFactor: 8 }],
    ['ntk-fixed', {}],
    ['ntk-fixed', { mixedB: 0.625 }],
    ['ntk-by-parts', {}],
    ['dynamic-ntk', {}],
    ['dynamic-ntk-static', {}],
    ['proportional', {}]
  )

  property.prop([schemes, geometries])(
    'fall with the index, and factor 1 is the identity',
    ([name, config], geometry) => {
      const scheme = registry.resolveUnknown('interpolation', { name, config })
      const { inverseFrequencies } = scheme.frequencies(geometry)
      for (let i = 1; i < inverseFrequencies.length; i++)
        expect(inverseFrequencies[i]).toBeLessThanOrEqual(inverseFrequencies[i - 1])
      const unscaled = { ...geometry, targetLength: geometry.originalLength }
      expect(
        relativeError(scheme.frequencies(unscaled).inverseFrequencies, none().frequencies(unscaled).inverseFrequencies)
      ).toBeLessThan(1e-12)
    }
  )

  const between = fc.constantFrom(
    'linear',
    'dynamic-linear',
    'ntk',
    'ntk-fixed',
    'ntk-by-parts',
    'yarn',
    'yarn-revised',
    'yarn-paper',
    'dynamic-yarn',
    'llama3',
    'proportional'
  )
  property.prop([between, geometries])('lie between θ and θ / s, and come to θ as s comes to 1', (name, geometry) => {
    const scheme = registry.resolveUnknown('interpolation', { name })
    const factor = geometry.targetLength / geometry.originalLength
    const original = none().frequencies(geometry).inverseFrequencies
    const { inverseFrequencies } = scheme.frequencies(geometry)
    inverseFrequencies.forEach((frequency, i) => {
      expect(frequency).toBeLessThanOrEqual(original[i] * (1 + 1e-12))
      expect(frequency).toBeGreaterThanOrEqual((original[i] / factor) * (1 - 1e-12))
    })
    const nearOne = scheme.frequencies({ ...geometry, targetLength: geometry.originalLength * (1 + 1e-9) })
    expect(relativeError(nearOne.inverseFrequencies, original)).toBeLessThan(1e-8)
    expect(Math.abs(nearOne.attentionFactor - 1)).toBeLessThan(1e-8)
  })

  property.prop([fc.constantFrom('linear', 'ntk', 'ntk-fixed'), geometries])(
    'the slowest frequency is divided by exactly s, however large',
    (name, geometry) => {
      const at = { ...geometry, targetLength: geometry.targetLength * 1e6 }
      const last = geometry.rotaryDim / 2 - 1
      const factor = at.targetLength / at.originalLength
      const { inverseFrequencies } = registry.resolveUnknown('interpolation', { name }).frequencies(at)
      expect(
        Math.abs(inverseFrequencies[last] / (geometry.base ** ((-2 * last) / geometry.rotaryDim) / factor) - 1)
      ).toBeLessThan(1e-9)
    }
  )

  property.prop([geometries, fc.double({ min: 0, max: 4, noNaN: true })])(
    'dynamic schemes are the original RoPE within L_c and their static form at L_t',
    (geometry, share) => {
      const original = none().frequencies(geometry).inverseFrequencies
      const { originalLength, targetLength } = geometry
      for (const [name, atTarget] of [
        ['dynamic-linear', 'linear'],
        ['dynamic-ntk', 'dynamic-ntk-static'],
        ['dynamic-yarn', 'yarn']
      ]) {
        const scheme = registry.resolveUnknown('interpolation', { name })
        const end = registry.resolveUnknown('interpolation', { name: atTarget }).frequencies(geometry)
        expect(
          relativeError(
            scheme.frequencies({ ...geometry, length: Math.min(1, share) * originalLength }).inverseFrequencies,
            original
          )
        ).toBeLessThan(1e-12)
        const at = scheme.frequencies({ ...geometry, length: targetLength })
        expect(relativeError(at.inverseFrequencies, end.inverseFrequencies)).toBeLessThan(1e-9)
        expect(relativeError([at.attentionFactor], [end.attentionFactor])).toBeLessThan(1e-12)
      }
    }
  )

  property.prop([schemes, geometries, fc.constantFrom('both', 'rope_parameters', 'rope_scaling')])(
    'survive config.json and come back with the same frequencies',
    ([name, config], geometry, form) => {
      const scheme = registry.resolveUnknown('interpolation', { name, config })
      const { rope_parameters, rope_scaling, rope_theta, max_position_embeddings } = scheme.toHuggingFace(geometry)
      const file = JSON.parse(
        JSON.stringify({
          head_dim: geometry.rotaryDim,
          max_position_embeddings,
          ...(form === 'rope_scaling' ? {} : { rope_parameters }),
          ...(form === 'rope_parameters' ? {} : { rope_scaling, rope_theta })
        })
      )
      const { geometry: read, ...reference } = readHuggingFaceRope(file)
      const written = scheme.frequencies(geometry)
      const back = registry.resolveUnknown('interpolation', reference).frequencies(read)
      expect(relativeError(back.inverseFrequencies, written.inverseFrequencies)).toBeLessThan(1e-9)
      expect(relativeError([back.attentionFactor], [written.attentionFactor])).toBeLessThan(1e-12)
      expect(back.softmaxScale).toBe(written.softmaxScale)
    }
  )
})

describe('errors', () => {
  test('longrope lists of another length', () => {
    const scheme = longrope({ shortFactor: [1], longFactor: [1, 1] })
    expect(() => scheme.frequencies({ rotaryDim: 4, base: 10000, originalLength: 32, targetLength: 64 })).toThrow(
      'INTERPOLATION_FACTORS: shortFactor has 1 entries for 2'
    )
  })
  test('ntk with one frequency, yarn with base 1', () => {
    const geometry = { rotaryDim: 2, base: 1, originalLength: 32, targetLength: 64 }
    expect(() => ntk().frequencies(geometry)).toThrow('INTERPOLATION_GEOMETRY')
    expect(() => yarnRevised().frequencies(geometry)).toThrow('INTERPOLATION_GEOMETRY')
  })
  test('proportional turns the fastest pairs alone', () => {
    const { inverseFrequencies } = proportional({ partialRotaryFactor: 0.25 }).frequencies({
      rotaryDim: 16,
      base: 10000,
      originalLength: 32,
      targetLength: 64
    })
    expect(Array.from(inverseFrequencies)).toEqual([0.5, 10000 ** (-1 / 8) / 2, 0, 0, 0, 0, 0, 0])
  })
  test('dynamic-yarn of modeling_llama_yarn.py starts over past the window', () => {
    const scheme = dynamicYarn({ finetuned: true, relativeTo: 'window' })
    const at = { rotaryDim: 128, base: 10000, originalLength: 2048, targetLength: 16384, length: 32768 }
    expect(scheme.frequencies(at).inverseFrequencies[63]).toBeCloseTo(10000 ** (-126 / 128) / 2, 12)
  })
  test('an original window that is no integer cannot be exported as yarn', () => {
    expect(() =>
      yarnRevised().toHuggingFace({ rotaryDim: 8, base: 10000, originalLength: 100.5, targetLength: 804 })
    ).toThrow('INTERPOLATION_EXPORT')
  })
})
