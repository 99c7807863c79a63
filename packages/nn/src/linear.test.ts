import { tf } from '@skipwise/runtime'
import { beforeAll, expect, test } from 'vitest'
import { difference, plainLinear, randomRows, tensor } from '../test/plain.js'
import { linear } from './linear.js'

beforeAll(() => tf.setBackend('cpu'))
const x = randomRows('x', 3, 4)
const weight = randomRows('weight', 5, 4)
const bias = randomRows('bias', 1, 5)[0]

test('is x · weightᵀ with the weight that the prefix names', () => {
  expect(
    difference(linear({ 'a.weight': tensor(weight), 'b.weight': tensor(x) }, 'a', tensor(x)), plainLinear(x, weight))
  ).toBeLessThan(1e-6)
})

test('adds the bias of that prefix when there is one', () => {
  const parameters = { 'a.weight': tensor(weight), 'a.bias': tf.tensor1d(bias), 'b.bias': tf.tensor1d([9, 9, 9, 9, 9]) }
  expect(difference(linear(parameters, 'a', tensor(x)), plainLinear(x, weight, bias))).toBeLessThan(1e-6)
})
