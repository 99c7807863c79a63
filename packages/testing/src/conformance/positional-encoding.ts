import { randomStream, type Plugin, type RopeFrequencies, type StandardSchemaV1 } from '@skipwise/core'
import type { AttentionRole, PositionalEncoding } from '@skipwise/nn'
import { tf } from '@skipwise/runtime'
import { beforeAll, describe, expect, test } from 'vitest'
import { matchers } from '../allclose.js'

/** What {@link describePositionalEncoding} runs over. */
export interface PositionalEncodingConformance {
  /** Configurations to try, as a user would write them; `[{}]` if not given. */
  readonly configs?: readonly unknown[]
  /**
   * What the encoding does not promise: `rotation`, tables of cos and sin with the attention factor; `norm`, keeping it
   * (xPos lets queries shrink and keys grow); `distance`, scores that differ by it (NoPE).
   */
  readonly except?: readonly ('rotation' | 'norm' | 'distance')[]
}

const R = 8
const HALF = R / 2
const original: RopeFrequencies = {
  inverseFrequencies: Float64Array.from({ length: HALF }, (_, i) => 1e4 ** (-i / HALF)),
  attentionFactor: 1,
  softmaxScale: 1
}

/**
 * The conformance suite of positional encodings; call it in a vitest file. It holds a plugin to what attention relies
 * on: tables computed in float64 and rounded once, norms kept, scores that depend on the relative distance only,
 * position 0 as the identity, dimensions beyond R untouched, every token and head on its own, and the right gradient.
 * What an encoding does not promise is in `except`. Runs eagerly on the cpu backend of tfjs.
 *
 * @example
 * ```ts
 * describePositionalEncoding(rotaryHalf)
 * ```
 */
export function describePositionalEncoding<Schema extends StandardSchemaV1>(
  plugin: Plugin<'positional-encoding', string, Schema, PositionalEncoding>,
  { configs = [{}], except = [] }: PositionalEncodingConformance = {}
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
      describe(JSON.stringify(config), () => describeInstance(() => plugin(config), new Set(except)))
    }
  })
}

function describeInstance(
  create: () => PositionalEncoding,
  except: ReadonlySet<'rotation' | 'norm' | 'distance'>
): void {
  const rotates = !except.has('rotation')
  /** Encodes [T, H, D] numbers of T = positions.length tokens. */
  const encode = (
    x: ArrayLike<number>,
    positions: readonly number[],
    { heads = 1, role = 'query' as AttentionRole, frequencies = original } = {}
  ): Float32Array =>
    tf.tidy(() => {
      const { apply, cos, sin } = tablesOf(create(), positions, frequencies)
      const T = positions.length
      return apply(
        tf.tensor4d(Float32Array.from(x), [1, T, heads, x.length / (T * heads)]),
        cos,
        sin,
        role
      ).dataSync<'float32'>()
    })
  /** The score of a query and a key, scale 1, bias included, in float64 after encoding. */
  const score = (q: Float32Array, k: Float32Array, query: number, key: number): number => {
    const encoding = create()
    const { positions } = encoding.tables(Int32Array.of(query, key), original)
    const bias = encoding.slopes && positions ? encoding.slopes(1)[0] * (positions[1] - positions[0]) : 0
    return dot(encode(q, [query]), encode(k, [key], { role: 'key' })) + bias
  }
  const draws = Array.from({ length: 40 }, (_, index) => {
    const random = randomStream({ seed: 0, stream: 'positional-encoding conformance', index })
    const vector = () => Float32Array.from({ length: R }, () => 4 * random.uniform() - 2)
    // attention is causal: a key never comes after its query
    const key = random.integer(0, 2000)
    return { q: vector(), k: vector(), query: random.integer(key, 2000), key, shift: random.integer(1, 2000) }
  })

  if (rotates) {
    test('makes tables in float64, rounded once, with the attention factor in both', () => {
      const positions = [0, 1, 131_071]
      const attentionFactor = 1.25
      const { cos, sin } = create().tables(Int32Array.from(positions), { ...original, attentionFactor })
      expect([cos.length, sin.length]).toEqual([positions.length * HALF, positions.length * HALF])
      positions.forEach((position, t) =>
        original.inverseFrequencies.forEach((frequency, i) => {
          expect(cos[t * HALF + i], `cos, position ${position}, frequency ${i}`).toBe(
            Math.fround(Math.cos(position * frequency) * attentionFactor)
          )
          expect(sin[t * HALF + i], `sin, position ${position}, frequency ${i}`).toBe(
            Math.fround(Math.sin(position * frequency) * attentionFactor)
          )
        })
      )
    })
  }

  test('gives positions to a bias, with a slope above 0 for every head, and to nothing else', () => {
    const encoding = create()
    const positionIds = Int32Array.of(0, 1, 20_000)
    const { positions } = encoding.tables(positionIds, original)
    expect(positions && [...positions]).toEqual(encoding.slopes && [...positionIds])
    if (!encoding.slopes) return
    for (const heads of [1, 2, 3, 8, 12, 40]) {
      const slopes = encoding.slopes(heads)
      expect(slopes).toHaveLength(heads)
      expect(slopes.every(slope => slope > 0 && Number.isFinite(slope))).toBe(true)
    }
  })

  test('is the identity at position 0', () => {
    for (const { q } of draws)
      for (const role of ['query', 'key'] as const) expect(encode(q, [0], { role })).toBeAllclose(q)
  })

  if (!except.has('norm')) {
    test('keeps the norm; the attention factor of a rotation scales it', () => {
      const attentionFactor = 1.25
      for (const { q, query } of draws) {
        const norm = Math.sqrt(dot(q, q))
        const encoded = encode(q, [query])
        const scaled = encode(q, [query], { frequencies: { ...original, attentionFactor } })
        expect([Math.sqrt(dot(encoded, encoded)), Math.sqrt(dot(scaled, scaled))]).toBeAllclose(
          [norm, (rotates ? attentionFactor : 1) * norm],
          { absolute: 1e-5 }
        )
      }
    })
  }

  test('gives scores that depend on the relative distance only', () => {
    for (const { q, k, query, key, shift } of draws) {
      const [moved, here] = [score(q, k, query + shift, key + shift), score(q, k, query, key)]
      expect([moved]).toBeAllclose([here], { absolute: 2e-4, relative: 1e-5 })
    }
  })

  if (!except.has('distance')) {
    test('gives scores that do depend on the distance', () => {
      const moved = draws.filter(
        ({ q, k, key }) => Math.abs(score(q, k, key + 7, key) - score(q, k, key + 8, key)) > 1e-3
      )
      expect(moved.length).toBeGreaterThan(draws.length / 2)
    })
  }

  test('encodes every token by its own position and every head alike, and leaves dimensions beyond R alone', () => {
    const random = randomStream({ seed: 1, stream: 'positional-encoding conformance' })
    const [T, heads, D] = [3, 2, R + 2]
    const positions = [5, 6, 1000]
    const x = Float32Array.from({ length: T * heads * D }, () => random.normal())
    for (const role of ['query', 'key'] as const) {
      const encoded = encode(x, positions, { heads, role })
      positions.forEach((position, t) => {
        for (let h = 0; h < heads; h++) {
          const at = (t * heads + h) * D
          expect(encoded.slice(at, at + D)).toBeAllclose(encode(x.slice(at, at + D), [position], { role }), {
            absolute: 1e-6
          })
          expect(encoded.slice(at + R, at + D)).toEqual(x.slice(at + R, at + D))
        }
      })
    }
  })

  // At one position, queries and keys are encoded by maps whose product with the other's transpose is 1: the gradient
  // of ⟨apply(q), apply(k)⟩ by q is k.
  test('has the right gradient', () => {
    for (const { q, k, query } of draws.slice(0, 8)) {
      const gradient = tf.tidy(() => {
        const { apply, cos, sin } = tablesOf(create(), [query], original)
        const asHead = (x: Float32Array) => tf.tensor4d(x, [1, 1, 1, R])
        const target = apply(asHead(k), cos, sin, 'key')
        return tf
          .grad(x => tf.sum(tf.mul(apply(x as tf.Tensor4D, cos, sin, 'query'), target)))(asHead(q))
          .dataSync<'float32'>()
      })
      expect(gradient).toBeAllclose(k, { absolute: 1e-5, relative: 1e-5 })
    }
  })
}

function tablesOf(encoding: PositionalEncoding, positions: readonly number[], frequencies: RopeFrequencies) {
  const { cos, sin } = encoding.tables(Int32Array.from(positions), frequencies)
  const T = positions.length
  const table = (data: Float32Array) => tf.tensor3d(data, [1, T, data.length / T])
  return { apply: encoding.apply, cos: table(cos), sin: table(sin) }
}

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i], 0)
