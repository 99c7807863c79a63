import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { dequantize, quantize } from './quantize.js'

const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, '../test/golden/quantization.json'), 'utf8')
) as Record<'origin' | 'values' | 'F16' | 'BF16' | 'Q8_0' | 'numbers', string>
const bytesOf = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64'))
const floatsOf = (base64: string) => new Float32Array(bytesOf(base64).buffer)

describe(`as ${golden.origin}`, () => {
  test.each(['F16', 'BF16', 'Q8_0'] as const)('%s has the same bytes', type => {
    expect(quantize(floatsOf(golden.values), type)).toEqual(bytesOf(golden[type]))
  })
  test('Q8_0 means the same numbers', () => {
    const numbers = floatsOf(golden.numbers)
    const bytes = bytesOf(golden.Q8_0).subarray(0, (numbers.length / 32) * 34)
    expect(dequantize(bytes, 'Q8_0')).toEqual(numbers)
  })
})

test('F32 is the memory itself, and part of a block is refused', () => {
  const values = Float32Array.of(1, 2, 3)
  expect(quantize(values, 'F32').buffer).toBe(values.buffer)
  expect(() => quantize(values, 'Q8_0')).toThrow('not whole blocks of 32')
})

test('a block is a block wherever it begins in memory', () => {
  const values = Float32Array.from({ length: 96 }, (_, i) => Math.sin(i))
  const whole = quantize(values, 'Q8_0')
  expect(quantize(values.subarray(32, 64), 'Q8_0')).toEqual(whole.subarray(34, 68))
  const shifted = new Uint8Array(whole.length + 1)
  shifted.set(whole, 1)
  expect(dequantize(shifted.subarray(1), 'Q8_0')).toEqual(dequantize(whole, 'Q8_0'))
})
