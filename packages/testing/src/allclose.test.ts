import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { compareAllclose, matchers } from './allclose.js'

expect.extend(matchers)

const number = fc.double({ min: -1e6, max: 1e6, noNaN: true })

describe('toBeAllclose', () => {
  test.prop([fc.array(number)])('accepts equal numbers without any tolerance', values => {
    expect(values).toBeAllclose(Float64Array.from(values))
  })

  test('adds the absolute and the relative tolerance, of what is expected', () => {
    expect([100.9, 0.4]).toBeAllclose([100, 0], { absolute: 0.5, relative: 0.01 })
    expect([101.6]).not.toBeAllclose([100], { absolute: 0.5, relative: 0.01 })
    expect([1e-3]).not.toBeAllclose([0], { relative: 1 })
  })

  test('reports the index and the values of the worst element', () => {
    expect(() => expect([1, 2.5, 3, 4.1]).toBeAllclose([1, 2, 3, 4], { absolute: 0.01 })).toThrow(
      '2 of 4 elements are further off than 0.01 + 0·|expected|; the worst is [1]: 2.5, expected 2, off by 0.5'
    )
    // 0.5 in 1000 is inside the relative tolerance where 0.02 in 1 is not
    expect(compareAllclose([1000.5, 1.02], [1000, 1], { relative: 1e-3 })).toMatchObject({
      pass: false,
      outside: 1,
      worst: { index: 1, actual: 1.02, expected: 1 }
    })
  })

  test('NaN is close to nothing and always the worst; equal infinities are close', () => {
    expect(compareAllclose([9, NaN, 9], [0, 0, 0], { absolute: 1 })).toMatchObject({
      pass: false,
      outside: 3,
      worst: { index: 1 }
    })
    expect([NaN]).not.toBeAllclose([NaN])
    expect([NaN]).not.toBeAllclose([1], { absolute: 1e300 })
    expect([1]).not.toBeAllclose([NaN], { absolute: 1 })
    expect([Infinity, -Infinity]).toBeAllclose([Infinity, -Infinity])
    expect([Infinity]).not.toBeAllclose([1e300], { absolute: 1 })
  })

  test('other lengths do not match, empty lists do', () => {
    expect(() => expect([1, 2]).toBeAllclose([1])).toThrow('2 numbers, expected 1')
    expect([]).toBeAllclose([])
  })
})
