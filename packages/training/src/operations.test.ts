import { decoder } from '@skipwise/testing'
import { expect, test } from 'vitest'
import { operationsPerToken } from './operations.js'

const [d, ff, L, V, T] = [64, 172, 3, 512, 256]
const model = decoder({
  vocabSize: V,
  hiddenSize: d,
  intermediateSize: ff,
  layers: L,
  heads: 4,
  maxPositionEmbeddings: T
})
const block = L * (4 * d * d + 3 * d * ff)

test('counts 6 N + 12 L d T where everything is trained, the lookup not counted', () => {
  expect(operationsPerToken(model, {}, T, 'whole')).toBe(6 * (block + V * d) + 12 * L * d * T)
})

test('counts the forward pass once more where activations are not kept', () => {
  const once = operationsPerToken(model, {}, T, 'whole')
  for (const strategy of ['blockwise', 'seco'] as const)
    expect(operationsPerToken(model, {}, T, strategy) - once).toBe(2 * (block + V * d) + 4 * L * d * T)
})

test('counts no gradients of weights that stay', () => {
  const lora = { rank: 2, targets: ['q_proj'], seed: 0 }
  const adapters = L * 2 * 2 * d
  expect(operationsPerToken(model, { lora }, T, 'whole')).toBe(4 * (block + V * d) + 6 * adapters + 12 * L * d * T)
})
