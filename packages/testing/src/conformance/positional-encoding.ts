import { randomStream, validate, type Plugin, type RopeFrequencies, type StandardSchemaV1 } from '@skipwise/core'
import type { PositionalEncoding } from '@skipwise/nn'
import { tf } from '@skipwise/runtime'
import { beforeAll, describe, expect, test } from 'vitest'
import { matchers } from '../allclose.js'

/** What {@link describePositionalEncoding} runs over. */
export interface PositionalEncodingConformance {
  /** Configurations to try, as a user would write them; `[{}]` if not given. */
  readonly configs?: readonly unknown[]
}

const R = 8, HALF = R / 2
const original: RopeFrequencies = { inverseFrequencies: Float64Array.from({ length: HALF }, (_, i) => 1e4 ** (-i / HALF)), attentionFactor: 1, softmaxScale: 1 }

/**
 * The conformance suite of rotary positional encodings; call it in a vitest file. It holds a plugin to what attention relies on: tables
 * computed in float64 and rounded once, norms kept, scores that depend on the relative distance only, position 0 as the identity,
 * dimensions beyond R untouched, every token and head on its own, and the right gradient. Runs eagerly on the cpu backend of tfjs.
 *
 * @example
 * ```ts
 * describePositionalEncoding(rotaryHalf)
 * ```
 */
export function describePositionalEncoding<Schema extends StandardSchemaV1>(
  plugin: Plugin<'positional-encoding', string, Schema, PositionalEncoding>,
  { configs = [{}] }: PositionalEncodingConformance = {}
): void {
  expect.extend(matchers)
  describe(`positional encoding '${plugin.name}'`, () => {
    beforeAll(() => tf.setBackend('cpu'))
    test('is a frozen plugin of this kind', () => {
      expect(plugin.kind).toBe('positional-encoding')
      expect(Object.isFrozen(plugin)).toBe(true)
      expect(plugin.summary).toMatch(/\S/)
    })
    for (const config of configs) {
      describe(JSON.stringify(config), () => describeInstance(() => plugin.create(validate(plugin.config, config, 'PLUGIN_CONFIG', plugin.name))))
    }
  })
}

function describeInstance(create: () => PositionalEncoding): void {
  /** Encodes [T, H, D] numbers of T = positions.length tokens. */
  const encode = (x: ArrayLike<number>, positions: readonly number[], heads = 1, frequencies = original): Float32Array =>
    tf.tidy(() => {
      const { apply, cos, sin } = tablesOf(create(), positions, frequencies), T = positions.length
      return apply(tf.tensor4d(Float32Array.from(x), [1, T, heads, x.length / (T * heads)]), cos, sin).dataSync<'float32'>()
    })
  const draws = Array.from({ length: 40 }, (_, index) => {
    const random = randomStream({ seed: 0, stream: 'positional-encoding conformance', index }), vector = () => Float32Array.from({ length: R }, () => 4 * random.uniform() - 2)
    return { q: vector(), k: vector(), query: random.integer(0, 2000), key: random.integer(0, 2000), shift: random.integer(1, 2000) }
  })

  test('makes tables in float64, rounded once, with the attention factor in both', () => {
    const positions = [0, 1, 131_071], attentionFactor = 1.25, { cos, sin } = create().tables(Int32Array.from(positions), { ...original, attentionFactor })
    expect([cos.length, sin.length]).toEqual([positions.length * HALF, positions.length * HALF])
    positions.forEach((position, t) =>
      original.inverseFrequencies.forEach((frequency, i) => {
        expect(cos[t * HALF + i], `cos, position ${position}, frequency ${i}`).toBe(Math.fround(Math.cos(position * frequency) * attentionFactor))
        expect(sin[t * HALF + i], `sin, position ${position}, frequency ${i}`).toBe(Math.fround(Math.sin(position * frequency) * attentionFactor))
      })
    )
  })

  test('is the identity at position 0', () => {
    for (const { q } of draws) expect(encode(q, [0])).toBeAllclose(q)
  })

  test('keeps the norm; the attention factor scales it', () => {
    for (const { q, query } of draws) {
      const norm = Math.sqrt(dot(q, q)), encoded = encode(q, [query]), scaled = encode(q, [query], 1, { ...original, attentionFactor: 1.25 })
      expect([Math.sqrt(dot(encoded, encoded)), Math.sqrt(dot(scaled, scaled))]).toBeAllclose([norm, 1.25 * norm], { absolute: 1e-5 })
    }
  })

  test('gives scores that depend on the relative distance only', () => {
    for (const { q, k, query, key, shift } of draws) {
      const score = (offset: number) => dot(encode(q, [query + offset]), encode(k, [key + offset]))
      expect([score(shift)]).toBeAllclose([score(0)], { absolute: 2e-4 })
    }
  })

  test('gives scores that do depend on the distance', () => {
    const moved = draws.filter(({ q, k, query, key }) => Math.abs(dot(encode(q, [query]), encode(k, [key])) - dot(encode(q, [query + 1]), encode(k, [key]))) > 1e-3)
    expect(moved.length).toBeGreaterThan(draws.length / 2)
  })

  test('encodes every token by its own position and every head alike, and leaves dimensions beyond R alone', () => {
    const random = randomStream({ seed: 1, stream: 'positional-encoding conformance' }), [T, H, D] = [3, 2, R + 2], positions = [5, 6, 1000]
    const x = Float32Array.from({ length: T * H * D }, () => random.normal()), encoded = encode(x, positions, H)
    positions.forEach((position, t) => {
      for (let h = 0; h < H; h++) {
        const at = (t * H + h) * D
        expect(encoded.slice(at, at + D)).toBeAllclose(encode(x.slice(at, at + D), [position]), { absolute: 1e-6 })
        expect(encoded.slice(at + R, at + D)).toEqual(x.slice(at + R, at + D))
      }
    })
  })

  // An orthogonal map is undone by its transpose: the gradient of ⟨apply(x), apply(y)⟩ by x is y.
  test('has the gradient of a rotation', () => {
    for (const { q, k, query } of draws.slice(0, 8)) {
      const gradient = tf.tidy(() => {
        const { apply, cos, sin } = tablesOf(create(), [query], original), asHead = (x: Float32Array) => tf.tensor4d(x, [1, 1, 1, R])
        const target = apply(asHead(k), cos, sin)
        return tf.grad(x => tf.sum(tf.mul(apply(x as tf.Tensor4D, cos, sin), target)))(asHead(q)).dataSync<'float32'>()
      })
      expect(gradient).toBeAllclose(k, { absolute: 1e-5 })
    }
  })
}

function tablesOf(encoding: PositionalEncoding, positions: readonly number[], frequencies: RopeFrequencies) {
  const { cos, sin } = encoding.tables(Int32Array.from(positions), frequencies), table = (data: Float32Array) => tf.tensor3d(data, [1, positions.length, HALF])
  return { apply: encoding.apply, cos: table(cos), sin: table(sin) }
}

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i], 0)
