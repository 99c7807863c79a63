import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canStore, restoreWeight, storedSpecs, storeWeight } from './stored-weight.js'

const bits = (x: number) => new Uint32Array(Float32Array.of(x).buffer)[0]
// the scale of a block of smaller numbers is 0, or has few digits
const number = fc
  .float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 })
  .map(x => (Math.abs(x) < 1e-30 ? 0 : x))
const row = fc.array(number, { minLength: 64, maxLength: 64 })

describe('a weight at rest', () => {
  test('in bfloat16 is the number itself, or the nearest one, ties to even', () => {
    const given = Float32Array.of(1, -2.5, 0, -0, 2 ** -140, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20)
    const stored = storeWeight(given, [2, 4], 'bfloat16')
    expect([...stored.codes]).toEqual([0x3f80, 0xc020, 0, 0x8000, bits(2 ** -140) >>> 16, 0x3f80, 0x3f82, 0x3f81])
    expect([...restoreWeight(stored)]).toEqual([
      1,
      -2.5,
      0,
      -0,
      Math.fround(2 ** -140 - (2 ** -140 % 2 ** -133)),
      1,
      1 + 2 ** -6,
      1 + 2 ** -7
    ])
  })

  test('of a file in bfloat16 is restored exactly', () =>
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff), { minLength: 4, maxLength: 4 }), codes => {
        const finite = Uint16Array.from(codes, code => ((code & 0x7f80) === 0x7f80 ? 0 : code))
        const numbers = restoreWeight({ storage: 'bfloat16', shape: [2, 2], codes: finite })
        expect([...numbers].map(x => bits(x) >>> 16)).toEqual([...finite])
        expect([...storeWeight(numbers, [2, 2], 'bfloat16').codes]).toEqual([...finite])
      })
    ))

  test('of a file in float16 is the number of IEEE 754', () => {
    const codes = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x03ff, 0x0400, 0x7bff, 0x3555, 0x8000)
    expect([...restoreWeight({ storage: 'float16', shape: [1, 8], codes })]).toEqual([
      1,
      -2,
      2 ** -24,
      1023 * 2 ** -24,
      2 ** -14,
      65504,
      1365 * 2 ** -12,
      -0
    ])
  })

  test('in int8 is at most half a scale off, which is the largest number of its block by 127', () =>
    fc.assert(
      fc.property(row, row, (a, b) => {
        const given = Float32Array.from([...a, ...b])
        const stored = storeWeight(given, [1, 128], 'int8')
        const restored = restoreWeight(stored)
        given.forEach((x, i) => {
          const largest = Math.max(...given.slice(i < 64 ? 0 : 64, i < 64 ? 64 : 128).map(Math.abs))
          expect(Math.abs(restored[i] - x)).toBeLessThanOrEqual((largest / 127) * 0.5001)
        })
      })
    ))

  test('in int4 is at most one scale off, and exact for the largest number of its block', () =>
    fc.assert(
      fc.property(row, values => {
        const given = Float32Array.from(values)
        const stored = storeWeight(given, [1, 64], 'int4')
        const restored = restoreWeight(stored)
        const largest = given.reduce((most, x) => (Math.abs(x) > Math.abs(most) ? x : most), 0)
        expect(stored.codes.length).toBe(32)
        expect(Math.abs(restored[given.indexOf(largest)] - largest)).toBeLessThanOrEqual(Math.abs(largest) * 1e-6)
        given.forEach((x, i) => expect(Math.abs(restored[i] - x)).toBeLessThanOrEqual(Math.abs(largest / 8) * 1.0001))
      })
    ))

  // the order of ggml-quants.c, quantize_row_q4_0_ref: number i in the lower half of byte i
  test('in int4 has two numbers in a byte, half a block apart', () => {
    const given = new Float32Array(64)
    given[0] = -8
    given[32] = 3
    given[63] = 7
    const { codes, scales } = storeWeight(given, [1, 64], 'int4')
    expect([...(scales ?? [])]).toEqual([1])
    expect([codes[0], codes[1], codes[31]]).toEqual([0 | (11 << 4), 8 | (8 << 4), 8 | (15 << 4)])
  })

  test('of zeros is zeros', () => {
    for (const storage of ['bfloat16', 'int8', 'int4'] as const)
      expect([...restoreWeight(storeWeight(new Float32Array(64), [1, 64], storage))].every(x => x === 0)).toBe(true)
  })

  test('is a matrix, in whole blocks where these have scales', () => {
    expect([canStore('bfloat16', [3, 5]), canStore('bfloat16', [5]), canStore('int4', [2, 96])]).toEqual([
      true,
      false,
      false
    ])
    expect(storedSpecs('int4', [2, 128])).toEqual({
      codes: { shape: [2, 64], dtype: 'int32', codes: 'uint8' },
      scales: { shape: [2, 2], dtype: 'float32' }
    })
  })
})
