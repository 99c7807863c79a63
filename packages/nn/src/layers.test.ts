import { tf } from '@skipwise/runtime'
import { beforeAll, describe, expect, test } from 'vitest'
import { difference, plainGatedMlp, plainLinear, randomRows, tensor } from '../test/plain.js'
import { activations, gatedMlp, l2Normalize, linear, mlp } from './layers.js'

beforeAll(() => tf.setBackend('cpu'))

// tools/golden/activations.py: transformers' ACT2FN in float64
const at = [-3, -1, -0.25, 0, 0.5, 1, 4]
const golden: Readonly<Record<string, readonly number[]>> = {
  silu: [
    -0.14227761953270035, -0.2689414213699951, -0.10945587477855048, 0.0, 0.3112296656009273, 0.7310585786300049,
    3.928055160151634
  ],
  swish: [
    -0.14227761953270035, -0.2689414213699951, -0.10945587477855048, 0.0, 0.3112296656009273, 0.7310585786300049,
    3.928055160151634
  ],
  gelu: [
    -0.00404969409489031, -0.15865525393145702, -0.10032341857926907, 0.0, 0.34573123063700656, 0.841344746068543,
    3.9998733150326675
  ],
  gelu_new: [
    -0.0036373920817729943, -0.1588080093917233, -0.100324649298315, 0.0, 0.34571400982514394, 0.8411919906082768,
    3.9999297540518075
  ],
  gelu_fast: [
    -0.003637392081860591, -0.15880800939252304, -0.10032464929840129, 0.0, 0.34571400982483486, 0.841191990607477,
    3.999929754051805
  ],
  gelu_pytorch_tanh: [
    -0.0036373920817729943, -0.15880800939172324, -0.100324649298315, 0.0, 0.34571400982514394, 0.8411919906082768,
    3.9999297540518075
  ],
  quick_gelu: [
    -0.01807130970778597, -0.1542042340671787, -0.09880035009980583, 0.0, 0.35038843660638014, 0.8457957659328212,
    3.9955852758604187
  ],
  relu: [0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 4.0],
  relu2: [0.0, 0.0, 0.0, 0.0, 0.25, 1.0, 16.0],
  tanh: [
    -0.9950547536867305, -0.7615941559557649, -0.24491866240370913, 0.0, 0.46211715726000974, 0.7615941559557649,
    0.999329299739067
  ],
  sigmoid: [
    0.04742587317756678, 0.2689414213699951, 0.43782349911420193, 0.5, 0.6224593312018546, 0.7310585786300049,
    0.9820137900379085
  ]
}

describe('activations', () => {
  test.each(Object.keys(activations))('%s is that of transformers', name => {
    expect(difference(activations[name](tf.tensor1d(at)), [golden[name]])).toBeLessThan(1e-6)
  })
})

test('a plain feed-forward is fc_out(activation(fc_in(x))), with biases', () => {
  const x = randomRows('x', 3, 4)
  const inner = randomRows('inner', 6, 4)
  const outer = randomRows('outer', 4, 6)
  const [innerBias] = randomRows('inner bias', 1, 6)
  const [outerBias] = randomRows('outer bias', 1, 4)
  const parameters = {
    'mlp.fc_in.weight': tensor(inner),
    'mlp.fc_in.bias': tf.tensor1d(innerBias),
    'mlp.fc_out.weight': tensor(outer),
    'mlp.fc_out.bias': tf.tensor1d(outerBias)
  }
  const hidden = plainLinear(x, inner, innerBias).map(row => row.map(value => Math.max(0, value)))
  expect(difference(mlp(parameters, 'mlp', tensor(x), 'relu'), plainLinear(hidden, outer, outerBias))).toBeLessThan(
    1e-6
  )
})

test('a gated feed-forward has any activation', () => {
  const x = randomRows('x', 3, 4)
  const gate = randomRows('gate', 6, 4)
  const up = randomRows('up', 6, 4)
  const down = randomRows('down', 4, 6)
  const parameters = {
    'mlp.gate_proj.weight': tensor(gate),
    'mlp.up_proj.weight': tensor(up),
    'mlp.down_proj.weight': tensor(down)
  }
  const ups = plainLinear(x, up)
  const hidden = plainLinear(x, gate).map((row, n) => row.map((value, f) => Math.max(0, value) * ups[n][f]))
  expect(difference(gatedMlp(parameters, 'mlp', tensor(x), 'relu'), plainLinear(hidden, down))).toBeLessThan(1e-6)
})

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

beforeAll(() => tf.setBackend('cpu'))

test('is down(silu(gate(x)) · up(x))', () => {
  const x = randomRows('x', 3, 4)
  const gate = randomRows('gate', 6, 4)
  const up = randomRows('up', 6, 4)
  const down = randomRows('down', 4, 6)
  const parameters = {
    'mlp.gate_proj.weight': tensor(gate),
    'mlp.up_proj.weight': tensor(up),
    'mlp.down_proj.weight': tensor(down)
  }
  expect(difference(gatedMlp(parameters, 'mlp', tensor(x)), plainGatedMlp(x, gate, up, down))).toBeLessThan(1e-6)
  const fused = { 'mlp.gate_up.weight': tensor([...gate, ...up]), 'mlp.down_proj.weight': tensor(down) }
  const both = gatedMlp(fused, 'mlp', tensor(x), 'silu', { fused: 'gate_up' })
  expect(difference(both, plainGatedMlp(x, gate, up, down))).toBeLessThan(1e-6)
})

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
