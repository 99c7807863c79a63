import { tf } from '@skipwise/runtime'
import { beforeAll, expect, test } from 'vitest'
import { difference, plainGatedMlp, randomRows, tensor } from '../test/plain.js'
import { gatedMlp } from './gated-mlp.js'

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
})
