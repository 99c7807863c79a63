import { fc, test } from '@fast-check/vitest'
import { tf } from '@skipwise/runtime'
import { beforeAll, describe, expect } from 'vitest'
import { rotaryHalf } from './rotary-half.js'
import { rotaryTables } from './rotary-tables.js'

const encoding = rotaryHalf.create({})
const inverseFrequencies = Float64Array.from({ length: 4 }, (_, i) => 1e4 ** (-i / 4))
const frequencies = { inverseFrequencies, attentionFactor: 1, softmaxScale: 1 }

beforeAll(() => tf.setBackend('cpu'))

/** Encodes one head of 8 numbers at one position. */
function encode(x: readonly number[], position: number): Float32Array {
  return tf.tidy(() => {
    const { cos, sin } = encoding.tables(Int32Array.of(position), frequencies), table = (data: Float32Array) => tf.tensor3d(data, [1, 1, 4])
    return encoding.apply(tf.tensor4d([...x], [1, 1, 1, x.length]), table(cos), table(sin)).dataSync<'float32'>()
  })
}

const vector = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 8, maxLength: 8 })
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0)

describe('rotaryTables', () => {
  test('are cos and sin of the angle in float64, rounded once', () => {
    const positions = Int32Array.of(0, 1, 131_071), { cos, sin } = rotaryTables(positions, { ...frequencies, attentionFactor: 1.25 })
    positions.forEach((position, t) =>
      inverseFrequencies.forEach((frequency, i) => {
        expect(cos[t * 4 + i]).toBe(Math.fround(Math.cos(position * frequency) * 1.25))
        expect(sin[t * 4 + i]).toBe(Math.fround(Math.sin(position * frequency) * 1.25))
      })
    )
  })
})

describe('rotary-half', () => {
  test('pairs dimension i with i + R/2', () => {
    // Position 1 turns the first pair by one radian: (1, 0) → (cos 1, sin 1) in dimensions 0 and 4.
    const rotated = encode([1, 0, 0, 0, 0, 0, 0, 0], 1)
    expect([...rotated].map(value => Number(value.toFixed(6)))).toEqual([Number(Math.cos(1).toFixed(6)), 0, 0, 0, Number(Math.sin(1).toFixed(6)), 0, 0, 0])
  })

  test.prop([vector])('position 0 is the identity', x => {
    expect(Array.from(encode(x, 0), value => value + 0)).toEqual(x.map(value => Math.fround(value) + 0))
  })

  test.prop([vector, fc.integer({ min: 0, max: 4000 })])('keeps the norm', (x, position) => {
    expect(Math.abs(Math.sqrt(dot(encode(x, position), encode(x, position))) - Math.sqrt(dot(x, x)))).toBeLessThan(1e-5)
  })

  test.prop([vector, vector, fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 0, max: 2000 })])(
    'scores depend on the relative distance only',
    (q, k, query, key, shift) => {
      expect(Math.abs(dot(encode(q, query), encode(k, key)) - dot(encode(q, query + shift), encode(k, key + shift)))).toBeLessThan(2e-4)
    }
  )

  test('leaves dimensions beyond R alone', () => {
    const { cos, sin } = encoding.tables(Int32Array.of(5), frequencies)
    const partial = tf.tidy(() => encoding.apply(tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [1, 1, 1, 10]), tf.tensor3d(cos, [1, 1, 4]), tf.tensor3d(sin, [1, 1, 4])).dataSync())
    expect([...partial.slice(8)]).toEqual([9, 10])
  })
})
