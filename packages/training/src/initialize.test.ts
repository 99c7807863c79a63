import type { ModelDefinition, ParameterSpec } from '@skipwise/nn'
import { expect, test } from 'vitest'
import { initializeWeights } from './initialize.js'

const parameters: readonly ParameterSpec[] = [
  { name: 'embed.weight', shape: [200, 25], initializer: 'normal' },
  { name: 'norm.weight', shape: [25], initializer: 'ones' },
  { name: 'out.weight', shape: [25, 200], initializer: 'normal' },
  { name: 'out.bias', shape: [200], initializer: 'zeros' }
]
const model = (specs = parameters) =>
  ({ parameters: specs, geometry: { hiddenSize: 25 } }) as unknown as ModelDefinition

const deviation = (values: Float32Array) =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)

test('fills every parameter by its initializer, with a standard deviation of 1/√d', () => {
  const weights = initializeWeights(model(), { seed: 0 })
  expect([...weights].map(([name, { length }]) => [name, length])).toEqual(
    parameters.map(({ name, shape }) => [name, shape.reduce((a, b) => a * b)])
  )
  expect(new Set(weights.get('norm.weight'))).toEqual(new Set([1]))
  expect(new Set(weights.get('out.bias'))).toEqual(new Set([0]))
  // the deviation of 5,000 draws is known to 1/√10,000
  for (const name of ['embed.weight', 'out.weight'])
    expect(Math.abs(deviation(weights.get(name) as Float32Array) * 5 - 1)).toBeLessThan(0.045)
})

test('takes another standard deviation', () => {
  const [usual, wide] = [
    initializeWeights(model(), { seed: 0 }),
    initializeWeights(model(), { seed: 0, standardDeviation: 0.4 })
  ].map(weights => weights.get('embed.weight') as Float32Array)
  expect(Math.abs(deviation(wide) / deviation(usual) - 2)).toBeLessThan(1e-6)
})

test('draws each parameter by seed and name, in any order', () => {
  const weights = initializeWeights(model(), { seed: 0 })
  expect(new Map([...initializeWeights(model([...parameters].reverse()), { seed: 0 })].reverse())).toEqual(weights)
  expect(initializeWeights(model(), { seed: 1 }).get('embed.weight')).not.toEqual(weights.get('embed.weight'))
  expect(weights.get('out.weight')).not.toEqual(weights.get('embed.weight'))
})
