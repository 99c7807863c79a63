import { tf } from '@skipwise/runtime'
import { beforeAll, expect, test } from 'vitest'
import { difference, randomRows, tensor } from '../test/plain.js'
import { l2Normalize } from './l2-normalize.js'

beforeAll(() => tf.setBackend('cpu'))

test('gives rows of norm 1, large or small, and leaves zeros', () => {
  const rows = [...randomRows('rows', 3, 7), ...randomRows('small rows', 2, 7, 1e-6), [0, 0, 0, 0, 0, 0, 0]]
  const expected = rows.map(row => row.map(value => value / Math.max(Math.hypot(...row), 1e-12)))
  expect(difference(l2Normalize(tensor(rows)), expected)).toBeLessThan(1e-6)
})

test('has the gradient of the quotient', () => {
  // at (3, 4): d(x₀/‖x‖)/dx = (1 − 0.36, −0.48) / 5
  const slope = tf.grad(x => tf.slice(l2Normalize(x as tf.Tensor2D), [0, 0], [1, 1]))(tensor([[3, 4]]))
  expect(difference(slope, [[0.128, -0.096]])).toBeLessThan(1e-6)
})
