import { embedding, rotaryHalf, tf } from '@skipwise/runtime'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  difference,
  plainAttention,
  plainGatedMlp,
  plainLinear,
  plainRotate,
  randomRows,
  tensor,
  type PlainAttention,
  type Rows
} from '../test/plain.js'
import { selfAttention } from './layers.js'
import type { ModelDefinition, PositionalEncoding } from './contracts.js'
import { attentionScale, forward } from './forward.js'
import { gatedMlp } from './layers.js'

beforeAll(() => tf.setBackend('cpu'))

const B = 2
const T = 4
const V = 7
const d = 6
const H = 2
const K = 1
const D = 4
const F = 5
const layers = 2
const softmaxScale = 1.3
const geometry = {
  vocabSize: V,
  hiddenSize: d,
  layers,
  heads: H,
  keyValueHeads: K,
  headDim: D,
  rotaryDim: D,
  maxPositionEmbeddings: 64
}
const inverseFrequencies = [1, 0.1]

const weights: Record<string, Rows> = {
  'embed.weight': randomRows('embed', V, d),
  'head.weight': randomRows('head', V, d)
}
for (let layer = 0; layer < layers; layer++) {
  const sizes = {
    'attn.q_proj': [H * D, d],
    'attn.k_proj': [K * D, d],
    'attn.v_proj': [K * D, d],
    'attn.o_proj': [d, H * D],
    'mlp.gate_proj': [F, d],
    'mlp.up_proj': [F, d],
    'mlp.down_proj': [d, F]
  }
  for (const [name, [out, input]] of Object.entries(sizes))
    weights[`${layer}.${name}.weight`] = randomRows(`${layer} ${name}`, out, input)
}

/** A decoder without norms: attention and feed-forward, each with its residual. */
const model: ModelDefinition = {
  geometry,
  positionalEncoding: 'rotary-half',
  windowKeys: ['max_position_embeddings'],
  parameters: Object.entries(weights).map(([name, rows]) => ({
    name,
    shape: [rows.length, rows[0].length],
    initializer: 'normal'
  })),
  embed: (parameters, ids) => embedding(parameters['embed.weight'] as tf.Tensor2D, ids),
  block: (parameters, layer, x, context) => {
    const attended = tf.add(x, selfAttention(parameters, `${layer}.attn`, x, layer, geometry, context)) as tf.Tensor2D
    return tf.add(attended, gatedMlp(parameters, `${layer}.mlp`, attended)) as tf.Tensor2D
  },
  head: (parameters, x) => ({ hidden: tf.mul(x, 2) as tf.Tensor2D, weight: parameters['head.weight'] as tf.Tensor2D })
}

const encoding: PositionalEncoding = {
  tables: () => {
    throw new Error('forward takes tables')
  },
  apply: rotaryHalf
}

const rotated = (positionIds: readonly number[]) => ({
  encode: (head: readonly number[], t: number) => plainRotate(head, positionIds[t], inverseFrequencies)
})

/** The hidden states of one sequence, number by number. */
function plainHidden(ids: readonly number[], positions: Pick<PlainAttention, 'encode' | 'bias'>): number[][] {
  const add = (a: Rows, b: Rows) => a.map((row, t) => row.map((value, i) => value + b[t][i]))
  let x = ids.map(id => [...weights['embed.weight'][id]])
  for (let layer = 0; layer < layers; layer++) {
    const of = (name: string) => weights[`${layer}.${name}.weight`]
    const [query, key, value] = ['attn.q_proj', 'attn.k_proj', 'attn.v_proj'].map(name => plainLinear(x, of(name)))
    const mixed = plainAttention({
      query,
      key,
      value,
      heads: H,
      keyValueHeads: K,
      scale: softmaxScale / Math.sqrt(D),
      ...positions
    })
    x = add(x, plainLinear(mixed, of('attn.o_proj')))
    x = add(x, plainGatedMlp(x, of('mlp.gate_proj'), of('mlp.up_proj'), of('mlp.down_proj')))
  }
  return x.map(row => row.map(value => 2 * value))
}

describe('forward', () => {
  test('is embedding, blocks and head, at any position ids, row by row of the batch', () => {
    const ids = [
      [3, 1, 4, 1],
      [5, 2, 6, 5]
    ]
    const positionIds = [
      [0, 1, 40, 41],
      [7, 8, 9, 10]
    ]
    const table = (of: (angle: number) => number) =>
      tf.tensor3d(
        positionIds.flat().flatMap(position => inverseFrequencies.map(frequency => of(position * frequency))),
        [B, T, D / 2]
      )
    const parameters = Object.fromEntries(Object.entries(weights).map(([name, rows]) => [name, tensor(rows)]))
    const { hidden, weight } = forward(model, encoding, parameters, {
      batch: B,
      ids: tf.tensor1d(ids.flat(), 'int32'),
      cos: table(Math.cos),
      sin: table(Math.sin),
      softmaxScale
    })
    expect(hidden.shape).toEqual([B * T, d])
    expect(
      difference(
        hidden,
        ids.flatMap((row, b) => plainHidden(row, rotated(positionIds[b])))
      )
    ).toBeLessThan(2e-5)
    expect(weight).toBe(parameters['head.weight'])
  })

  test('lets scores fall with the distance of position ids, by the slope of each head', () => {
    const ids = [
      [3, 1, 4, 1],
      [5, 2, 6, 5]
    ]
    const positionIds = [
      [0, 1, 40, 41],
      [7, 8, 9, 10]
    ]
    const slopes = [0.05, 0.4]
    const table = tf.zeros([B, T, 0]) as tf.Tensor3D
    const alibi: PositionalEncoding = { ...encoding, apply: x => x, slopes: () => slopes }
    const parameters = Object.fromEntries(Object.entries(weights).map(([name, rows]) => [name, tensor(rows)]))
    const inputs = { batch: B, ids: tf.tensor1d(ids.flat(), 'int32'), cos: table, sin: table, softmaxScale }
    const { hidden } = forward(model, alibi, parameters, { ...inputs, positions: tf.tensor2d(positionIds) })
    const plain = (positions: readonly number[]) => ({
      encode: (head: readonly number[]) => head,
      bias: (h: number, t: number, s: number) => slopes[h] * (positions[s] - positions[t])
    })
    expect(
      difference(
        hidden,
        ids.flatMap((row, b) => plainHidden(row, plain(positionIds[b])))
      )
    ).toBeLessThan(2e-5)
    expect(() => forward(model, alibi, parameters, inputs)).toThrow('needs positions')
  })
})

test('attentionScale is softmaxScale / √D', () => {
  expect(attentionScale(geometry, 1)).toBe(0.5)
  expect(attentionScale(geometry, 1.5)).toBe(0.75)
})
