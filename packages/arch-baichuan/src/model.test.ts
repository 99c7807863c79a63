import { tf } from '@skipwise/runtime'
import { describeArchitecture } from '@skipwise/testing'
import { beforeAll, expect, test } from 'vitest'
import { baichuan } from './index.js'

const small = {
  model_type: 'baichuan',
  vocab_size: 9,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  model_max_length: 64
}
const variant = (position_embedding: string, normalized_head: boolean) => ({
  ...small,
  position_embedding,
  normalized_head
})

beforeAll(() => tf.setBackend('cpu'))

describeArchitecture(baichuan, {
  configs: {
    'Baichuan-7B': variant('rope', false),
    'Baichuan2-7B': variant('rope', true),
    'Baichuan-13B': variant('alibi', false),
    'Baichuan2-13B': variant('alibi', true)
  }
})

test('a normalised head does not depend on the length of its rows, and leaves the weights as they are', () => {
  const { head } = baichuan().define(variant('rope', true))
  const weight = tf.tensor2d([
    [3, 4, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 0]
  ])
  const parameters = { 'model.norm.weight': tf.ones([8]), 'lm_head.weight': weight }
  const rows = head(parameters, tf.ones([1, 8])).weight.arraySync()
  expect(rows[0][0]).toBeCloseTo(0.6, 6)
  expect(rows[0][1]).toBeCloseTo(0.8, 6)
  // torch.nn.functional.normalize gives zeros for zeros
  expect(rows[1]).toEqual([0, 0, 0, 0, 0, 0, 0, 0])
  expect(weight.arraySync()[0].slice(0, 2)).toEqual([3, 4])
})
