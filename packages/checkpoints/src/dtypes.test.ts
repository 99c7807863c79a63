import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { golden } from '../test/golden.js'
import {
  bfloat16ToFloat32,
  decoderOf,
  encode,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16
} from './dtypes.js'

const floatOf = (bits: number) => new Float32Array(Uint32Array.of(bits).buffer)[0]
const isNaN16 = (bits: number) => (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0
const isNaNBf16 = (bits: number) => (bits & 0x7f80) === 0x7f80 && (bits & 0x7f) !== 0

describe('rounding', () => {
  test('agrees with torch on every golden pattern', () => {
    const { float32, bfloat16, float16 } = golden('rounding.json') as Record<string, number[]>
    expect(float32.length).toBeGreaterThan(1000)
    float32.forEach((bits, i) => {
      const value = floatOf(bits)
      const ours = { bf: float32ToBfloat16(value), half: float32ToFloat16(value) }
      const where = `float32 ${bits.toString(16)}`
      if (Number.isNaN(value)) {
        expect([isNaNBf16(ours.bf), isNaN16(ours.half)], where).toEqual([true, true])
      } else {
        expect([ours.bf, ours.half], where).toEqual([bfloat16[i], float16[i]])
      }
    })
  })
  test('keeps every bfloat16 and binary16 value', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      if (!isNaNBf16(bits) && float32ToBfloat16(bfloat16ToFloat32(bits)) !== bits) expect.fail(`bfloat16 ${bits}`)
      if (!isNaN16(bits) && float32ToFloat16(float16ToFloat32(bits)) !== bits) expect.fail(`binary16 ${bits}`)
    }
  })
  test.prop([fc.float({ noNaN: true, min: -60000, max: 60000 })])(
    'binary16 is the nearest of its neighbours',
    value => {
      const bits = float32ToFloat16(value)
      const error = Math.abs(float16ToFloat32(bits) - value)
      for (const neighbour of [bits - 1, bits + 1]) {
        const other = float16ToFloat32(neighbour & 0xffff)
        if (Number.isFinite(other)) expect(Math.abs(other - value)).toBeGreaterThanOrEqual(error)
      }
    }
  )
})

test('decoders read bytes at any alignment into any place', () => {
  const values = Float32Array.of(1.5, -2, 0.25)
  const bytes = encode(values, 'bfloat16')
  const shifted = new Uint8Array(bytes.length + 1)
  shifted.set(bytes, 1)
  for (const target of [new Float32Array(5), new Float64Array(5)]) {
    decoderOf('BF16')?.(shifted.subarray(1), target, 2)
    expect(Array.from(target)).toEqual([0, 0, 1.5, -2, 0.25])
  }
})

test('a whole array is rounded as its numbers are', () => {
  const { float32 } = golden('rounding.json') as Record<string, number[]>
  const subnormal = Array.from({ length: 4096 }, (_, i) => 0x32f00000 + 0x5a1b * i)
  const all = [...float32, ...subnormal, 0x33000000, 0x33000001, 0x387fffff, 0x38800000]
  const values = new Float32Array(Uint32Array.from([...all, ...all.map(bits => bits | 0x80000000)]).buffer)
  const halves = new Uint16Array(encode(values, 'float16').buffer)
  values.forEach((value, i) => expect(halves[i], String(value)).toBe(float32ToFloat16(value)))
})

describe('encode', () => {
  test('rounds every number to bfloat16 as one alone', () => {
    const bits = Uint32Array.from({ length: 1 << 18 }, (_, i) => (Math.imul(i, 0x9e3779b1) ^ (i << 14)) >>> 0)
    for (const [i, special] of [0x7f800000, 0xff800000, 0x7f800001, 0xffffffff, 0x7f7fffff, 0x80000000].entries())
      bits[i] = special
    const values = new Float32Array(bits.buffer).subarray(1)
    const halves = new Uint16Array(encode(values, 'bfloat16').buffer)
    const wrong = Array.from(values.keys()).filter(i => halves[i] !== float32ToBfloat16(values[i]))
    expect(wrong).toEqual([])
  })

  test.prop([fc.float32Array(), fc.constantFrom('float32', 'bfloat16', 'float16')])(
    'is idempotent through its decoder',
    (values, dtype) => {
      const decoded = (bytes: Uint8Array) => {
        const target = new Float32Array(values.length)
        decoderOf({ float32: 'F32', bfloat16: 'BF16', float16: 'F16' }[dtype] as string)?.(bytes, target, 0)
        return target
      }
      const once = decoded(encode(values, dtype as 'float32'))
      const twice = decoded(encode(once, dtype as 'float32'))
      expect(twice).toEqual(once)
      if (dtype === 'float32') expect(once).toEqual(values)
    }
  )
})
