import {
  causalAttention,
  embedding,
  linearCrossEntropy,
  rmsNorm,
  rotaryHalf,
  swiGlu,
  tf,
  trace,
  type ValueSpec
} from '@skipwise/runtime'
import { describe, expect, test } from 'vitest'
import { lower } from './lowering.js'
import { openOnnxExecutor } from './executor.js'
import type { OnnxGraph, OnnxNode } from './onnx-model.js'
import { inferShapes } from './onnx-shapes.js'
import { Arena } from './arena.js'
import { arenaBytes, executionOrder, plannedBuffers, sessionBytes } from './workspace.js'

const float = (...shape: number[]): ValueSpec => ({ shape, dtype: 'float32' })

describe('shapes of lowered models', () => {
  const specs = {
    ids: { shape: [8], dtype: 'int32' },
    labels: { shape: [8], dtype: 'int32' },
    table: float(16, 12),
    norm: float(12),
    weight: float(12, 12),
    gate: float(12, 12),
    cos: float(2, 4, 2),
    sin: float(2, 4, 2)
  } as const
  const model = lower(
    trace(
      'loss',
      inputs => {
        const loss = (table: tf.Tensor, norm: tf.Tensor, weight: tf.Tensor, gate: tf.Tensor) => {
          const x = rmsNorm(embedding(table as tf.Tensor2D, inputs.ids as tf.Tensor1D), norm as tf.Tensor1D, 1e-5)
          const heads = rotaryHalf(
            tf.reshape(tf.matMul(x, weight as tf.Tensor2D), [2, 4, 3, 4]),
            inputs.cos as tf.Tensor3D,
            inputs.sin as tf.Tensor3D
          )
          const mixed = tf.reshape(causalAttention(heads, heads, heads, 0.5), [8, 12]) as tf.Tensor2D
          const gated = swiGlu(tf.matMul(mixed, gate as tf.Tensor2D), mixed)
          return tf.mean(linearCrossEntropy(gated, table as tf.Tensor2D, inputs.labels as tf.Tensor1D)) as tf.Scalar
        }
        const names = ['table', 'norm', 'weight', 'gate']
        const { value, grads } = tf.valueAndGrads(loss)(names.map(name => inputs[name]))
        return { value, ...Object.fromEntries(names.map((name, i) => [`d${name}`, grads[i]])) }
      },
      specs
    )
  )

  test('are inferred for every tensor, and those of outputs are the ones declared', () => {
    const shapes = inferShapes(model)
    for (const name of model.nodes.flatMap(node => node.outputs)) {
      if (name === 'conversion_end') continue
      expect(
        shapes.get(name)?.shape.every(size => Number.isInteger(size) && size > 0),
        name
      ).toBe(true)
    }
    for (const output of model.outputs)
      if ('shape' in output)
        expect(shapes.get(output.name), output.name).toEqual({ shape: output.shape, type: output.type })
  })

  test('give a peak between the largest tensor and all tensors together', () => {
    const own = new Set(model.nodes.flatMap(node => node.outputs))
    const outputs = new Set(model.outputs.map(({ name }) => name))
    const sizes = [...inferShapes(model)]
      .filter(([name]) => own.has(name) && !outputs.has(name))
      .map(([, { shape }]) => 4 * shape.reduce((a, b) => a * b, 1))
    const peak = arenaBytes(plannedBuffers(model))
    expect(peak).toBeGreaterThan(Math.max(...sizes))
    expect(peak).toBeLessThan(sizes.reduce((a, b) => a + b))
  })
})

describe('buffers of a run', () => {
  const node = (op: string, output: string, ...inputs: string[]): OnnxNode => ({ op, inputs, outputs: [output] })
  const modelOf = (...nodes: OnnxNode[]): OnnxGraph => ({
    name: '',
    nodes,
    initializers: [],
    inputs: [{ name: 'x', type: 'float32', shape: [10] }],
    outputs: [{ name: 'y', type: 'float32', shape: [10] }]
  })
  const held = (...nodes: OnnxNode[]) =>
    plannedBuffers(modelOf(...nodes)).map(({ bytes, from, to }) => [bytes, from, to])

  test('two that are alive together are two', () =>
    expect(held(node('Neg', 'a', 'x'), node('Neg', 'b', 'a'), node('Neg', 'y', 'b'))).toEqual([
      [40, 0, 1],
      [40, 1, 2]
    ]))
  test('one of the same shape that nothing reads any more is taken over', () =>
    expect(held(node('Neg', 'a', 'x'), node('Neg', 'b', 'a'), node('Neg', 'c', 'b'), node('Neg', 'y', 'c'))).toEqual([
      [40, 0, 3],
      [40, 1, 2]
    ]))
  test('what waits is not', () =>
    expect(
      held(node('Neg', 'a', 'x'), node('Neg', 'b', 'a'), node('Neg', 'c', 'b'), node('Add', 'y', 'a', 'c'))
    ).toEqual([
      [40, 0, 3],
      [40, 1, 2],
      [40, 2, 3]
    ]))
  test('a softmax is written over its input, arithmetic is not', () => {
    expect(held(node('Neg', 'a', 'x'), node('Softmax', 'b', 'a'), node('Neg', 'y', 'b'))).toEqual([[40, 0, 2]])
    expect(held(node('Neg', 'a', 'x'), node('Mul', 'b', 'a', 'x'), node('Neg', 'y', 'b'))).toHaveLength(2)
    // another reads the input later
    expect(held(node('Neg', 'a', 'x'), node('Softmax', 'b', 'a'), node('Add', 'y', 'b', 'a'))).toHaveLength(2)
  })
  test('a view is what it shows, and keeps it', () =>
    expect(
      held(node('Neg', 'a', 'x'), node('Identity', 'b', 'a'), node('Neg', 'c', 'x'), node('Add', 'y', 'b', 'c'))
    ).toHaveLength(2))
  test('one that is taken over later is held in between', () => {
    const float = (name: string, ...shape: number[]) => ({ name, type: 'float32' as const, shape })
    const nodes = [
      node('Neg', 'a', 'x'),
      node('MatMul', 'b', 'a', 'w'),
      node('Neg', 'c', 'b'),
      node('MatMul', 'd', 'c', 'v'),
      node('Neg', 'y', 'd')
    ]
    const buffers = plannedBuffers({
      name: '',
      nodes,
      initializers: [],
      inputs: [float('x', 2, 3), float('w', 3, 5), float('v', 5, 3)],
      outputs: [float('y', 2, 3)]
    })
    // a is dead behind the first product, and d is made by the second
    expect(buffers).toEqual([
      { bytes: 24, from: 0, to: 4 },
      { bytes: 40, from: 1, to: 2 },
      { bytes: 40, from: 2, to: 3 }
    ])
  })
})

describe('the arena', () => {
  const MB = 2 ** 20

  test('takes regions that double, and holds of them what was handed out', () => {
    const arena = new Arena()
    arena.allocate(1)
    expect(arena.touchedBytes).toBe(256)
    arena.allocate(3 * MB)
    expect(arena.touchedBytes).toBe(256 + 3 * MB)
  })

  test('gives the smallest free chunk that fits, whole when little of it would be left', () => {
    const arena = new Arena()
    const large = arena.allocate(8 * MB)
    const wall = arena.allocate(256)
    const small = arena.allocate(6 * MB)
    arena.allocate(256)
    arena.release(large)
    arena.release(small)
    expect(arena.allocate(5 * MB)).toBe(small)
    expect(arena.allocate(5 * MB)).toBe(large)
    expect([small.size >= 6 * MB, large.size >= 8 * MB, wall.free]).toEqual([true, true, false])
  })

  test('joins free neighbours, but not those of two regions', () => {
    const arena = new Arena()
    const [a, b] = [arena.allocate(4 * MB), arena.allocate(4 * MB)]
    expect(a.region).not.toBe(b.region)
    arena.release(a)
    arena.release(b)
    const before = arena.touchedBytes
    arena.allocate(7 * MB)
    expect(arena.touchedBytes).toBe(before + 7 * MB)

    const other = new Arena()
    const whole = other.allocate(8 * MB)
    other.release(whole)
    const [c, d] = [other.allocate(2 * MB), other.allocate(2 * MB)]
    other.release(c)
    other.release(d)
    other.allocate(8 * MB)
    expect(other.touchedBytes).toBe(8 * MB)
  })

  test('keeps apart pieces of growing length that a sum of sizes would count once', () => {
    const piece = (bytes: number, step: number) => ({ bytes, from: step, to: step })
    const growing = arenaBytes([3, 4, 5, 6].map((size, step) => piece(size * MB, step)))
    const shrinking = arenaBytes([6, 5, 4, 3].map((size, step) => piece(size * MB, step)))
    expect(shrinking).toBe(6 * MB)
    expect(growing).toBeGreaterThan(6 * MB)
  })
})

test.runIf(process.platform === 'linux')('a session grows by what was planned, within 12 %', async () => {
  const T = 2048
  const H = 8
  const D = 32
  const spec: ValueSpec = { shape: [1, T, H, D], dtype: 'float32' }
  const graph = trace(
    'attention',
    ({ x }) => ({
      gradient: tf.grad((x: tf.Tensor) => {
        const attend = (q: tf.Tensor) => causalAttention(q as tf.Tensor4D, q as tf.Tensor4D, q as tf.Tensor4D, 0.1)
        return tf.sum(attend(attend(attend(x)))) as tf.Scalar
      })(x)
    }),
    { x: spec }
  )
  const planned = sessionBytes(lower(graph))
  const executor = await openOnnxExecutor({ threads: 2 })
  const x = executor.upload(
    spec,
    Float32Array.from({ length: T * H * D }, (_, i) => Math.sin(i))
  )
  const program = await executor.compile(graph)
  const before = process.memoryUsage().rss
  for (let run = 0; run < 2; run++) await program.run({ x })
  const grown = process.memoryUsage().rss - before
  await program.dispose()
  await executor.dispose()
  expect(grown / planned).toBeGreaterThan(0.88)
  expect(grown / planned).toBeLessThan(1.12)
})

test('nodes run from the leaves back: the last leaf first, later inputs first', () => {
  const node = (output: string, ...inputs: string[]): OnnxNode => ({ op: 'Add', inputs, outputs: [output] })
  expect(
    executionOrder([node('a'), node('b'), node('c', 'a', 'b'), node('d', 'b')]).map(({ outputs }) => outputs[0])
  ).toEqual(['b', 'd', 'a', 'c'])
})
