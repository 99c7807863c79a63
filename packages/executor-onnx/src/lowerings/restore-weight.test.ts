import { restoreWeight, scalesName, storeWeight, storeWeights, tf, trace } from '@skipwise/runtime'
import { describeStoredWeights, matchers } from '@skipwise/testing'
import { afterAll, expect, test } from 'vitest'
import { openOnnxExecutor } from '../executor.js'

expect.extend(matchers)

const executor = await openOnnxExecutor({ threads: 2 })
afterAll(() => executor.dispose())

describeStoredWeights('onnx', () => openOnnxExecutor({ threads: 2 }))

const numbers = (count: number, seed: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(seed + i * 1.7) * 10 ** ((i % 5) - 3))

test('every kernel has the same shapes at the opset of weights at rest', async () => {
  // reductions take their axes as an input there
  const graph = storeWeights(
    trace(
      'reductions',
      ({ w }) => ({ a: tf.max(w, 1), b: tf.mean(w, 0), c: tf.sum(w, 1, true), d: tf.min(w), e: tf.prod(w, 1) }),
      { w: { shape: [2, 64], dtype: 'float32' } }
    ),
    new Map([['w', 'int8']])
  )
  const weight = storeWeight(
    numbers(128, 5).map(x => 1 + x / 100),
    [2, 64],
    'int8'
  )
  const program = await executor.compile(graph)
  const outputs = await program.run({
    w: executor.upload(graph.values[graph.inputs.w], weight.codes),
    [scalesName('w')]: executor.upload(graph.values[graph.inputs[scalesName('w')]], weight.scales)
  })
  const rows = [0, 1].map(row => restoreWeight(weight).slice(64 * row, 64 * row + 64))
  expect(await executor.read(outputs.a)).toEqual(Float32Array.from(rows, row => Math.max(...row)))
  expect(await executor.read(outputs.b)).toBeAllclose(rows[0].map((x, i) => (x + rows[1][i]) / 2))
  expect(await executor.read(outputs.c)).toBeAllclose(
    Float32Array.from(rows, row => row.reduce((a, b) => a + b)),
    { relative: 1e-6 }
  )
  expect((await executor.read(outputs.d))[0]).toBe(Math.min(...rows[0], ...rows[1]))
  expect(await executor.read(outputs.e)).toBeAllclose(
    Float32Array.from(rows, row => row.reduce((a, b) => a * b)),
    {
      relative: 1e-4,
      absolute: 0
    }
  )
  await program.dispose()
})
