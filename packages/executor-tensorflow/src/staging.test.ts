import { allocate, type DType, type ValueSpec } from '@skipwise/runtime'
import { expect, test } from 'vitest'
import { Staging } from './staging.js'

const spec = (size: number, dtype: DType = 'float32'): ValueSpec => ({ shape: [size], dtype })

test.each(['float32', 'int32', 'bool'] as const)(
  'data of type %s is copied to an address that TensorFlow does not share',
  dtype => {
    const data = allocate(spec(5, dtype)).fill(1)
    const held = new Staging().hold(spec(5, dtype), data)
    expect(held).toEqual(data)
    expect(held.buffer).not.toBe(data.buffer)
    // A buffer begins at a multiple of 16.
    expect(held.byteOffset % 16).not.toBe(0)
  }
)

test('without data it is zeros, whatever was held before', () => {
  const staging = new Staging()
  staging.hold(spec(3), Float32Array.of(1, 2, 3))
  expect(staging.hold(spec(2))).toEqual(Float32Array.of(0, 0))
})

test('memory is used again, of the largest value but never of more than 16 MB', () => {
  const staging = new Staging()
  const { buffer } = staging.hold(spec(100))
  expect(staging.hold(spec(30, 'bool')).buffer).toBe(buffer)
  const large = staging.hold(spec(2 ** 22))
  expect(large.buffer).not.toBe(buffer)
  expect(staging.hold(spec(100)).buffer).toBe(buffer)
})
