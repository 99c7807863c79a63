import { describePositionalEncoding } from '@skipwise/testing'
import type { PositionalEncoding } from '@skipwise/nn'
import { tf } from '@skipwise/runtime'
import { beforeAll, describe, expect, test } from 'vitest'
import { alibi, alibiSlopes, nope, rotaryHalf, rotaryInterleaved, xpos } from './index.js'

beforeAll(() => tf.setBackend('cpu'))

describePositionalEncoding(rotaryHalf)
describePositionalEncoding(rotaryInterleaved)
describePositionalEncoding(alibi, { except: ['rotation'] })
describePositionalEncoding(nope, { except: ['rotation', 'distance'] })

describePositionalEncoding(xpos, { configs: [{}, { scaleBase: 2000 }], except: ['rotation', 'norm'] })

describe('xpos', () => {
  const frequencies = { inverseFrequencies: Float64Array.of(1, 0.1), attentionFactor: 1, softmaxScale: 1 }
  const [q, k] = [
    [0.5, -1, 2, 0.3],
    [1, 0.7, -0.4, 1.5]
  ]

  // torchscale's definition: scale ((2i + 0.4 R) / 1.4 R)^(m / 512) on queries, its inverse on keys
  test.each([
    [0, 0],
    [3, 1],
    [700, 90],
    [30000, 29000]
  ])('scores are of RoPE, each pair times its decay: query at %i, key at %i', (query, key) => {
    const { tables, apply } = xpos({ scaleBase: 512 })
    const encode = (x: number[], position: number, role: 'query' | 'key') =>
      tf.tidy(() => {
        const { cos, sin } = tables(Int32Array.of(position), frequencies)
        const table = (data: Float32Array) => tf.tensor3d(data, [1, 1, 2])
        return apply(tf.tensor4d(x, [1, 1, 1, 4]), table(cos), table(sin), role).dataSync<'float32'>()
      })
    const score = encode(q, query, 'query').reduce((sum, value, i) => sum + value * encode(k, key, 'key')[i], 0)
    const expected = [0, 1].reduce((sum, i) => {
      const angle = (query - key) * frequencies.inverseFrequencies[i]
      const [a, b, c, d] = [q[2 * i], q[2 * i + 1], k[2 * i], k[2 * i + 1]]
      return (
        sum +
        ((2 * i + 1.6) / 5.6) ** ((query - key) / 512) *
          ((a * c + b * d) * Math.cos(angle) + (a * d - b * c) * Math.sin(angle))
      )
    }, 0)
    expect(Math.abs(score - expected)).toBeLessThan(2e-6)
  })

  test('refuses positions beyond float32, naming the scaleBase that holds them, and attention factors', () => {
    const { tables } = xpos({ scaleBase: 512 })
    expect(() => tables(Int32Array.of(0, 131071), frequencies)).toThrow(/^ENCODING_XPOS: .*131071.*at least 2053/)
    expect(() => xpos({ scaleBase: 2053 }).tables(Int32Array.of(131071), frequencies)).not.toThrow()
    expect(() => tables(Int32Array.of(0), { ...frequencies, attentionFactor: 1.2 })).toThrow('ENCODING_XPOS')
  })
})

describe('pairs', () => {
  /**
   * Position 1 turns the first pair by one radian and the others by 0.1, 0.01, …: (1, 0) → (cos 1, sin 1) shows where
   * its partner is.
   */
  const turned = ({ tables, apply }: PositionalEncoding, x: readonly number[], inverseFrequencies: readonly number[]) =>
    tf.tidy(() => {
      const { cos, sin } = tables(Int32Array.of(1), {
        inverseFrequencies: Float64Array.from(inverseFrequencies),
        attentionFactor: 1,
        softmaxScale: 1
      })
      const table = (data: Float32Array) => tf.tensor3d(data, [1, 1, data.length])
      return [...apply(tf.tensor4d([...x], [1, 1, 1, x.length]), table(cos), table(sin), 'query').dataSync<'float32'>()]
    })
  const [cos, sin] = [Math.fround(Math.cos(1)), Math.fround(Math.sin(1))]

  test('rotary-half: dimension i and i + R/2, of all dimensions or the first R', () => {
    expect(turned(rotaryHalf(), [1, 0, 0, 0, 0, 0, 0, 0], [1, 0.1, 0.01, 0.001])).toEqual([cos, 0, 0, 0, sin, 0, 0, 0])
    expect(turned(rotaryHalf(), [1, 0, 0, 0, 5, 6, 7, 8], [1, 0.1])).toEqual([cos, 0, sin, 0, 5, 6, 7, 8])
  })

  test('rotary-interleaved: dimension 2i and 2i + 1, of all dimensions or the first R', () => {
    expect(turned(rotaryInterleaved(), [1, 0, 0, 0, 0, 0, 0, 0], [1, 0.1, 0.01, 0.001])).toEqual([
      cos,
      sin,
      0,
      0,
      0,
      0,
      0,
      0
    ])
    expect(turned(rotaryInterleaved(), [1, 0, 0, 0, 5, 6, 7, 8], [1, 0.1])).toEqual([cos, sin, 0, 0, 5, 6, 7, 8])
  })
})

describe('alibi slopes', () => {
  test('8 heads: 1/2, 1/4, …, 1/256, as the paper says', () =>
    expect(alibiSlopes(8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map(k => 2 ** -k)))

  // torch 2.13, transformers 5.18: modeling_bloom.build_alibi_tensor(ones(1, 2), H, float32)[:, 0, 1]
  test.each([
    [1, [0.00390625]],
    [3, [0.0625, 0.00390625, 0.25]],
    [6, [0.25, 0.0625, 0.015625, 0.00390625, 0.5, 0.125]],
    [
      12,
      [
        0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125, 0.00390625, 0.7071067690849304, 0.3535533845424652,
        0.1767766773700714, 0.0883883386850357
      ]
    ]
  ])('%i heads: as transformers', (heads, golden) => {
    const slopes = alibiSlopes(heads)
    expect(slopes).toHaveLength(heads)
    slopes.forEach((slope, h) => expect(Math.abs(slope / golden[h] - 1)).toBeLessThan(1e-6))
  })

  test('40 heads of Baichuan-13B: as transformers, at both ends of the two series', () => {
    const slopes = alibiSlopes(40)
    const golden: Readonly<Record<number, number>> = {
      0: 0.8408964276313782,
      31: 0.003906251862645149,
      32: 0.9170040488243103,
      39: 0.27262696623802185
    }
    for (const [h, slope] of Object.entries(golden)) expect(Math.abs(slopes[Number(h)] / slope - 1)).toBeLessThan(1e-6)
  })
})
