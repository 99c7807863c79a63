import {
  causalAttention,
  embedding,
  linearCrossEntropy,
  restoreWeight,
  rmsNorm,
  scalesName,
  storageNames,
  storeWeight,
  storeWeights,
  tf,
  trace,
  type Graph,
  type StorageName,
  type StoredWeight,
  type Values
} from '@skipwise/runtime'
import { matchers } from '@skipwise/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { openOnnxExecutor } from '../executor.js'

expect.extend(matchers)

const executor = await openOnnxExecutor({ threads: 2 })
afterAll(() => executor.dispose())

const numbers = (count: number, seed: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(seed + i * 1.7) * 10 ** ((i % 5) - 3))

/** A matrix at rest; of float16 by its codes, every finite one. */
function stored(storage: StorageName, rows: number, columns: number, seed: number): StoredWeight {
  if (storage !== 'float16') return storeWeight(numbers(rows * columns, seed), [rows, columns], storage)
  const codes = Uint16Array.from({ length: rows * columns }, (_, i) => (i * 7919 + seed) & 0xffff)
  return { storage, shape: [rows, columns], codes: codes.map(code => ((code & 0x7c00) === 0x7c00 ? 0 : code)) }
}

const upload = (weights: Readonly<Record<string, StoredWeight>>, graph: Graph): Values =>
  Object.fromEntries(
    Object.entries(weights).flatMap(([name, { codes, scales }]) => [
      [name, executor.upload(graph.values[graph.inputs[name]], codes)],
      ...(scales
        ? [[scalesName(name), executor.upload(graph.values[graph.inputs[scalesName(name)]], scales)] as const]
        : [])
    ])
  )

describe.each(storageNames)('a weight at rest in %s', storage => {
  test('is restored to the numbers of restoreWeight', async () => {
    const weight = stored(storage, 6, 128, 1)
    const plain = trace('negative', ({ w }) => ({ y: tf.neg(w) }), { w: { shape: [6, 128], dtype: 'float32' } })
    const graph = storeWeights(plain, new Map([['w', storage]]))
    const program = await executor.compile(graph)
    const { y } = await program.run(upload({ w: weight }, graph))
    expect(await executor.read(y)).toEqual(restoreWeight(weight).map(x => -x))
    await program.dispose()
  })

  // everything else is the same program: no number may differ, in the forward pass or the backward pass
  test('gives the loss and gradients of the float32 weights, to the bit', async () => {
    const [N, V, d] = [6, 40, 64]
    const plain = trace(
      'loss',
      ({ table, weight, norm, ids }) => {
        const loss = (scale: tf.Tensor) => {
          const rows = embedding(table as tf.Tensor2D, ids as tf.Tensor1D)
          const x = rmsNorm(rows, scale as tf.Tensor1D, 1e-5)
          const heads = tf.matMul(x, weight as tf.Tensor2D, false, true).reshape([1, N, 2, 32]) as tf.Tensor4D
          const attended = causalAttention(heads, heads, heads, 0.2).reshape([N, d]) as tf.Tensor2D
          return tf.mean(linearCrossEntropy(attended, table as tf.Tensor2D, ids as tf.Tensor1D)) as tf.Scalar
        }
        const { value, grads } = tf.valueAndGrads(loss)([norm])
        return { loss: value, gradient: grads[0] }
      },
      {
        table: { shape: [V, d], dtype: 'float32' },
        weight: { shape: [d, d], dtype: 'float32' },
        norm: { shape: [d], dtype: 'float32' },
        ids: { shape: [N], dtype: 'int32' }
      }
    )
    const small = (weight: StoredWeight): StoredWeight =>
      storage === 'float16' ? { ...weight, codes: weight.codes.map(code => code & 0x3fff) } : weight
    const weights = { table: small(stored(storage, V, d, 2)), weight: small(stored(storage, d, d, 3)) }
    const others = {
      norm: executor.upload({ shape: [d], dtype: 'float32' }, numbers(d, 4)),
      ids: executor.upload({ shape: [N], dtype: 'int32' }, Int32Array.of(3, 39, 0, 7, 7, 12))
    }
    const restored = Object.fromEntries(
      Object.entries(weights).map(([name, weight]) => [
        name,
        executor.upload({ shape: weight.shape, dtype: 'float32' }, restoreWeight(weight))
      ])
    )
    const graph = storeWeights(plain, new Map([['table', storage] as const, ['weight', storage] as const]))
    const runs = [
      [plain, { ...others, ...restored }],
      [graph, { ...others, ...upload(weights, graph) }]
    ] as const
    const results: unknown[] = []
    for (const [each, inputs] of runs) {
      const program = await executor.compile(each)
      const { loss, gradient } = await program.run(inputs)
      results.push([(await executor.read(loss)).slice(), (await executor.read(gradient)).slice()])
      await program.dispose()
    }
    expect(results[1]).toEqual(results[0])
    const [[loss], gradient] = results[0] as [Float32Array, Float32Array]
    expect(Number.isFinite(loss) && gradient.some(x => x !== 0)).toBe(true)
  })
})

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
  const outputs = await program.run(upload({ w: weight }, graph))
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
