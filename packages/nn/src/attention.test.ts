import { causalAttention, tf } from '@skipwise/runtime'
import { beforeAll, describe, expect, test } from 'vitest'
import { difference, plainAttention, plainLinear, randomRows, tensor } from '../test/plain.js'
import { headRmsNorm, selfAttention, type SelfAttentionOptions } from './layers.js'

beforeAll(() => tf.setBackend('cpu'))

describe.each([
  ['multi-head', 2, 2, {}],
  ['grouped-query', 4, 2, {}],
  ['multi-query', 3, 1, {}],
  ['windowed', 4, 2, { slidingWindow: 2 }],
  ['unpositioned', 4, 2, { hasPositions: false }],
  ['fused', 4, 2, { fused: 'qkv' }],
  ['head-normed', 4, 2, { headNormEpsilon: 1e-3 }]
] as [string, number, number, SelfAttentionOptions & { readonly headNormEpsilon?: number }][])(
  '%s attention',
  (_, H, K, { headNormEpsilon, ...options }) => {
    const D = 2
    const d = 5
    const T = 4
    const B = 2
    const layer = 7
    const scale = 0.6
    const geometry = {
      vocabSize: 8,
      hiddenSize: d,
      layers: 8,
      heads: H,
      keyValueHeads: K,
      headDim: D,
      rotaryDim: D,
      maxPositionEmbeddings: 16
    }
    const weights = {
      q_proj: randomRows('q', H * D, d),
      k_proj: randomRows('k', K * D, d),
      v_proj: randomRows('v', K * D, d),
      o_proj: randomRows('o', d, H * D)
    }
    const norms = { q_norm: [1.5, 0.5], k_norm: [0.8, -1.2] }
    const parameters = Object.fromEntries([
      ...Object.entries(weights)
        .filter(([name]) => options.fused === undefined || name === 'o_proj')
        .map(([name, rows]) => [`attn.${name}.weight`, tensor(rows)]),
      ['attn.qkv.weight', tensor([...weights.q_proj, ...weights.k_proj, ...weights.v_proj])],
      ...Object.entries(norms).map(([name, weight]) => [`attn.${name}.weight`, tf.tensor1d(weight)])
    ])
    /** Every head of a row through the RMS norm of the options. */
    const normed = (rows: readonly number[][], weight: readonly number[]) =>
      rows.map(row =>
        row.map((value, i) => {
          if (headNormEpsilon === undefined) return value
          const head = row.slice(i - (i % D), i - (i % D) + D)
          return (value / Math.sqrt(head.reduce((sum, x) => sum + x * x, 0) / D + headNormEpsilon)) * weight[i % D]
        })
      )

    test('projects, encodes queries and keys, attends and projects back', () => {
      const x = randomRows('x', B * T, d)
      const layers: number[] = []
      // an encoding that differs by token: token t is scaled by 1 + t/4
      const factors = Array.from({ length: T }, (_, t) => 1 + t / 4)
      const attended = selfAttention(
        parameters,
        'attn',
        tensor(x),
        layer,
        geometry,
        {
          batch: B,
          length: T,
          encode: heads => tf.mul(heads, tf.tensor4d(factors, [1, T, 1, 1])) as tf.Tensor4D,
          attend: (at, query, key, value, slidingWindow) => {
            layers.push(at)
            return causalAttention(query, key, value, scale, { slidingWindow })
          }
        },
        headNormEpsilon === undefined
          ? options
          : {
              ...options,
              norm: (heads, role) =>
                headRmsNorm(
                  heads,
                  parameters[role === 'query' ? 'attn.q_norm.weight' : 'attn.k_norm.weight'] as tf.Tensor1D,
                  headNormEpsilon
                )
            }
      )
      const expected = [0, 1].flatMap(row => {
        const rows = x.slice(row * T, (row + 1) * T)
        const [query, key, value] = [weights.q_proj, weights.k_proj, weights.v_proj].map(weight =>
          plainLinear(rows, weight)
        )
        const slidingWindow = options.slidingWindow ?? Infinity
        const mixed = plainAttention({
          query: normed(query, norms.q_norm),
          key: normed(key, norms.k_norm),
          value,
          slidingWindow,
          heads: H,
          keyValueHeads: K,
          scale,
          encode: (head, t) => (options.hasPositions === false ? head : head.map(value => value * factors[t]))
        })
        return plainLinear(mixed, weights.o_proj)
      })
      expect(attended.shape).toEqual([B * T, d])
      expect(difference(attended, expected)).toBeLessThan(1e-5)
      expect(layers).toEqual([layer])
    })
  }
)
