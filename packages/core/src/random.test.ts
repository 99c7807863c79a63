import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { isSkipwiseError } from './errors.js'
import { permutation, philox4x32, randomStream, type RandomCoordinates } from './random.js'

const words = (text: string) => text.split(' ').map(word => parseInt(word, 16))
const at = (changes: Partial<RandomCoordinates> = {}): RandomCoordinates => ({ seed: 0, stream: 'test', ...changes })

describe('philox4x32', () => {
  // Random123 1.14.0, tests/kat_vectors, philox4x32 10
  test.each([
    ['00000000 00000000 00000000 00000000', '00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    ['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    ['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1']
  ])('of counter %s, key %s is %s', (counter, key, expected) => {
    const out = new Uint32Array(4)
    philox4x32(words(counter), words(key), out)
    expect([...out]).toEqual(words(expected))
  })

  const word = fc.integer({ min: 0, max: 0xffffffff })
  test.prop([fc.array(word, { minLength: 4, maxLength: 4 }), fc.array(word, { minLength: 2, maxLength: 2 })])(
    'equals the ten rounds in exact integers, and reads signed words as unsigned',
    (counter, key) => {
      const out = new Uint32Array(4)
      const ofSigned = new Uint32Array(4)
      philox4x32(counter, key, out)
      philox4x32(
        counter.map(value => value | 0),
        key.map(value => value | 0),
        ofSigned
      )
      expect([...out]).toEqual(exactPhilox(counter, key))
      expect(ofSigned).toEqual(out)
    }
  )

  test('leaves its inputs alone and may write over the counter', () => {
    const counter = Uint32Array.of(1, 2, 3, 4)
    const key = Uint32Array.of(5, 6)
    const out = new Uint32Array(4)
    philox4x32(counter, key, out)
    expect([...counter, ...key]).toEqual([1, 2, 3, 4, 5, 6])
    philox4x32(counter, key, counter)
    expect(counter).toEqual(out)
  })
})

/** Salmon et al. 2011, §3.3, written with BigInt. */
function exactPhilox(counter: readonly number[], key: readonly number[]): number[] {
  const low = (x: bigint) => x & 0xffffffffn
  let [c0, c1, c2, c3] = counter.map(BigInt)
  let [k0, k1] = key.map(BigInt)
  for (let round = 0; round < 10; round++) {
    const product0 = 0xd2511f53n * c0
    const product1 = 0xcd9e8d57n * c2
    ;[c0, c1, c2, c3] = [(product1 >> 32n) ^ c1 ^ k0, low(product1), (product0 >> 32n) ^ c3 ^ k1, low(product0)]
    k0 = low(k0 + 0x9e3779b9n)
    k1 = low(k1 + 0xbb67ae85n)
  }
  return [c0, c1, c2, c3].map(Number)
}

describe('randomStream', () => {
  const draw = (coordinates: RandomCoordinates, count = 8) => {
    const random = randomStream(coordinates)
    return Array.from({ length: count }, () => random.uint32())
  }

  const coordinates = fc.record({
    seed: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    stream: fc.string({ maxLength: 12 }),
    epoch: fc.nat(1000),
    index: fc.integer({ min: 0, max: 2 ** 40 })
  })

  test.prop([fc.uniqueArray(coordinates, { minLength: 2, maxLength: 6, selector: value => JSON.stringify(value) })])(
    'is a function of its coordinates, in any order',
    all => {
      const forwards = all.map(where => draw(where))
      const backwards = [...all]
        .reverse()
        .map(where => draw(where))
        .reverse()
      expect(backwards).toEqual(forwards)
      const streams = all.map(randomStream)
      const interleaved = all.map((): number[] => [])
      for (let i = 0; i < 8; i++) streams.forEach((random, s) => interleaved[s].push(random.uint32()))
      expect(interleaved).toEqual(forwards)
      expect(new Set(forwards.map(String)).size).toBe(all.length)
    }
  )

  test('tells apart every coordinate, also in the high words', () => {
    const all = [
      at(),
      at({ seed: 1 }),
      at({ seed: 2 ** 32 }),
      at({ seed: 2 ** 52 }),
      at({ stream: 'tesu' }),
      at({ stream: '' }),
      at({ epoch: 1 }),
      at({ index: 1 }),
      at({ index: 2 ** 32 })
    ]
    expect(new Set(all.map(where => String(draw(where)))).size).toBe(all.length)
  })

  test('streams of neighbouring coordinates are uncorrelated', () => {
    // The correlation of n pairs of independent numbers has standard deviation 1/√n.
    const n = 20_000
    const uniforms = (where: RandomCoordinates) => {
      const random = randomStream(where)
      return Array.from({ length: n }, () => random.uniform() - 0.5)
    }
    const first = uniforms(at())
    for (const other of [at({ seed: 1 }), at({ stream: 'tess' }), at({ epoch: 1 }), at({ index: 1 })].map(uniforms)) {
      expect(Math.abs(first.reduce((sum, value, i) => sum + value * other[i], 0) * (12 / n))).toBeLessThan(
        4.5 / Math.sqrt(n)
      )
    }
    const across = Array.from({ length: n }, (_, index) => randomStream(at({ index })).uniform() - 0.5)
    expect(Math.abs(across.slice(1).reduce((sum, value, i) => sum + value * across[i], 0) * (12 / n))).toBeLessThan(
      4.5 / Math.sqrt(n)
    )
  })

  test('uniform is in [0, 1), with the moments of its distribution', () => {
    const random = randomStream(at())
    const n = 100_000
    const draws = Array.from({ length: n }, () => random.uniform())
    expect(draws.every(value => value >= 0 && value < 1)).toBe(true)
    // standard deviations of the sample's mean and variance: √(1/12n) and √(1/180n)
    const mean = draws.reduce((sum, value) => sum + value) / n
    const variance = draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n
    expect(Math.abs(mean - 1 / 2)).toBeLessThan(4.5 / Math.sqrt(12 * n))
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(4.5 / Math.sqrt(180 * n))
    expect(
      chiSquare(
        histogram(
          draws.map(value => Math.floor(value * 64)),
          64
        )
      )
    ).toBeLessThan(criticalChiSquare(63))
  })

  test('uniform uses 53 bits', () => {
    const random = randomStream(at())
    const lowest = Array.from({ length: 4096 }, () => (random.uniform() * 2 ** 53) % 2)
    expect(lowest.every(bit => bit === 0 || bit === 1)).toBe(true)
    expect(chiSquare(histogram(lowest, 2))).toBeLessThan(criticalChiSquare(1))
  })

  test.each([
    [0, 1],
    [-3, 3],
    [1, 6],
    [0, 99],
    [2 ** 40, 2 ** 40 + 12]
  ])('integer is unbiased in [%d, %d]', (low, high) => {
    const random = randomStream(at())
    const bins = high - low + 1
    const draws = Array.from({ length: 20_000 }, () => random.integer(low, high))
    expect(draws.every(value => Number.isInteger(value) && value >= low && value <= high)).toBe(true)
    expect(
      chiSquare(
        histogram(
          draws.map(value => value - low),
          bins
        )
      )
    ).toBeLessThan(criticalChiSquare(bins - 1))
  })

  test('integer has no modulo bias where it would be largest', () => {
    // draws modulo 3·2³⁰ would hit the first third twice as often as the others
    const random = randomStream(at())
    const third = 2 ** 30
    const draws = Array.from({ length: 20_000 }, () => random.integer(0, 3 * third - 1))
    expect(
      chiSquare(
        histogram(
          draws.map(value => Math.floor(value / third)),
          3
        )
      )
    ).toBeLessThan(criticalChiSquare(2))
  })

  test('integer reaches the whole range of 32 bits, and ranges of one', () => {
    const random = randomStream(at())
    const draws = Array.from({ length: 1000 }, () => random.integer(0, 0xffffffff))
    expect(Math.max(...draws)).toBeGreaterThan(0xf0000000)
    expect(random.integer(-5, -5)).toBe(-5)
  })

  test.each([
    [1, 0],
    [0, 2 ** 32],
    [0.5, 2],
    [0, NaN],
    [-Infinity, 0]
  ])('integer refuses [%d, %d]', (low, high) => {
    expect(() => randomStream(at()).integer(low, high)).toThrow('RANDOM_RANGE')
    try {
      randomStream(at()).integer(low, high)
    } catch (error) {
      expect(isSkipwiseError(error)).toBe(true)
    }
  })

  test('normal has the moments of its distribution, and its pairs are uncorrelated', () => {
    const random = randomStream(at())
    const n = 100_000
    const draws = Array.from({ length: n }, () => random.normal())
    const moment = (k: number) => draws.reduce((sum, value) => sum + value ** k, 0) / n
    // E[x], E[x²], E[x³], E[x⁴] = 0, 1, 0, 3; the variances of xᵏ are 1, 2, 15, 96
    ;[
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96]
    ].forEach(([k, expected, variance]) => {
      expect(Math.abs(moment(k) - expected), `moment ${k}`).toBeLessThan(4.5 * Math.sqrt(variance / n))
    })
    const pairs = draws.slice(1).reduce((sum, value, i) => sum + value * draws[i], 0) / n
    expect(Math.abs(pairs)).toBeLessThan(4.5 / Math.sqrt(n))
  })
})

describe('permutation', () => {
  test.prop([fc.nat(300), fc.nat()])(
    'holds every number once, and is a function of its coordinates',
    (length, seed) => {
      const order = permutation(length, at({ seed }))
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i))
      expect(permutation(length, at({ seed }))).toEqual(order)
    }
  )

  test('is uniform over the 24 orders of four', () => {
    const orders = Array.from({ length: 24_000 }, (_, index) => permutation(4, at({ index })).join(''))
    const kinds = [...new Set(orders)].sort()
    expect(kinds).toHaveLength(24)
    expect(
      chiSquare(
        histogram(
          orders.map(order => kinds.indexOf(order)),
          24
        )
      )
    ).toBeLessThan(criticalChiSquare(23))
  })
})

function histogram(values: readonly number[], bins: number): number[] {
  const counts = Array<number>(bins).fill(0)
  for (const value of values) counts[value]++
  return counts
}

/** Pearson's statistic against equal counts. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count) / counts.length
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}

/** About the 1 − 10⁻⁵ quantile (Wilson & Hilferty 1931). The streams are fixed, so these tests pass always or never. */
const criticalChiSquare = (freedom: number) =>
  freedom * (1 - 2 / (9 * freedom) + 4.265 * Math.sqrt(2 / (9 * freedom))) ** 3
