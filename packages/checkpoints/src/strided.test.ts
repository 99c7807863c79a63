import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { isContiguous, readStrided, rowMajorStrides } from './strided.js'

/** A shape, an order of its dimensions in the file, and gaps between their elements. */
const views = fc
  .array(fc.record({ size: fc.integer({ min: 1, max: 5 }), gap: fc.integer({ min: 1, max: 3 }) }), {
    minLength: 1,
    maxLength: 4
  })
  .chain(dimensions =>
    fc
      .shuffledSubarray(
        dimensions.map((_, i) => i),
        { minLength: dimensions.length }
      )
      .map(order => {
        const strides: number[] = []
        let step = 1
        for (const i of order) {
          strides[i] = step * dimensions[i].gap
          step = strides[i] * dimensions[i].size
        }
        return { shape: dimensions.map(({ size }) => size), strides, span: step }
      })
  )

/** Row-major elements of a view, by the definition. */
function elements(
  storage: ArrayLike<number>,
  shape: readonly number[],
  strides: readonly number[],
  from = 0
): number[] {
  if (!shape.length) return [storage[from]]
  return Array.from({ length: shape[0] }, (_, i) =>
    elements(storage, shape.slice(1), strides.slice(1), from + i * strides[0])
  ).flat()
}

describe('readStrided', () => {
  test.prop([views, fc.constantFrom(1, 2, 4, 8), fc.nat(9), fc.constantFrom(8, 24, 4096)])(
    'is the view by definition, whatever the window',
    async ({ shape, strides, span }, elementBytes, lead, windowBytes) => {
      const file = Uint8Array.from({ length: lead + span * elementBytes }, (_, i) => (i * 7 + (i >> 8)) & 255)
      const index = elements(
        Array.from({ length: span }, (_, i) => i),
        shape,
        strides
      )
      const wanted = index.flatMap(i =>
        Array.from(file.subarray(lead + i * elementBytes, lead + (i + 1) * elementBytes))
      )
      const target = new Uint8Array(wanted.length)
      const readBytes = (bytes: Uint8Array, position: number) => {
        expect(position + bytes.length).toBeLessThanOrEqual(file.length)
        bytes.set(file.subarray(position, position + bytes.length))
        return Promise.resolve()
      }
      await readStrided({ byteOffset: lead, elementBytes, shape, strides }, readBytes, target, windowBytes)
      expect(Array.from(target)).toEqual(wanted)
    }
  )

  test('reads each part of a transposed tensor once', async () => {
    const reads: number[] = []
    const readBytes = (bytes: Uint8Array, position: number) => Promise.resolve(void reads.push(position, bytes.length))
    await readStrided(
      { byteOffset: 0, elementBytes: 4, shape: [1000, 500], strides: [1, 1000] },
      readBytes,
      new Uint8Array(2_000_000),
      1_000_000
    )
    expect(reads).toEqual([0, 1_000_000, 1_000_000, 1_000_000])
  })
})

describe('isContiguous', () => {
  it.for([
    [[2, 3], [3, 1], true],
    [[2, 3], [1, 2], false],
    [[1, 3], [99, 1], true],
    [[2, 1], [1, 7], true],
    [[2, 3], [4, 1], false],
    [[0, 3], [5, 5], true],
    [[], [], true]
  ] as const)('%j by %j: %s', ([shape, strides, expected]) => {
    expect(isContiguous(shape, strides)).toBe(expected)
  })

  test.prop([fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 5 })])('holds of row-major strides', shape => {
    expect(isContiguous(shape, rowMajorStrides(shape))).toBe(true)
  })
})
