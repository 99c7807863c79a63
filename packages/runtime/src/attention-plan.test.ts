import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { attentionPlan, attentionShape, causalAttention, isNodeOf, rowBlocksOf, trace, type tf } from './index.js'

const sizes = { B: 1, H: 4, K: 2, G: 2, D: 8 }

describe('the plan of attention', () => {
  property.prop([fc.integer({ min: 1, max: 700 }), fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 900 })])(
    'has every row once, in order, and for each block just the keys that its rows see',
    (T, rows, slidingWindow) => {
      const { blocks } = attentionPlan({ ...sizes, T, slidingWindow }, { rows: () => rows, keptElements: 0 })
      expect(blocks.flatMap(({ begin, end }) => Array.from({ length: end - begin }, (_, i) => begin + i))).toEqual(
        Array.from({ length: T }, (_, i) => i)
      )
      for (const block of blocks) {
        expect(block.rows).toBe(block.end - block.begin)
        expect(block.rows).toBeLessThanOrEqual(rows)
        expect(block.first).toBe(Math.max(0, block.begin - slidingWindow + 1))
      }
    }
  )

  test('keeps probabilities up to the number of elements that it is given', () => {
    const shape = { ...sizes, T: 64, slidingWindow: Infinity }
    const elements = (4 * 64 * 64) / 2
    const plan = (keptElements: number) => attentionPlan(shape, { rows: () => 64, keptElements })
    expect([plan(elements).elements, plan(elements).kept, plan(elements - 1).kept]).toEqual([elements, true, false])
  })

  test('is of the sizes of a node', () => {
    const graph = trace(
      'sizes',
      ({ query, key }) => ({
        y: causalAttention(query as tf.Tensor4D, key as tf.Tensor4D, key as tf.Tensor4D, 1, { slidingWindow: 3 })
      }),
      { query: { shape: [2, 5, 4, 8], dtype: 'float32' }, key: { shape: [2, 5, 2, 8], dtype: 'float32' } }
    )
    const [node] = graph.nodes.filter(node => isNodeOf(node, 'CausalAttention'))
    expect(attentionShape(graph, node)).toEqual({ B: 2, T: 5, H: 4, K: 2, G: 2, D: 8, slidingWindow: 3 })
  })
})

property.prop([fc.nat(500), fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 4000 })])(
  'rows of a matrix come in blocks of at most so many elements, of one row at least',
  (total, width, elements) => {
    const blocks = rowBlocksOf(total, width, elements)
    expect(blocks.reduce((sum, { rows }) => sum + rows, 0)).toBe(total)
    for (const { rows } of blocks) expect(rows === 1 || rows * width <= elements).toBe(true)
  }
)
