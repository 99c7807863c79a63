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
  type Executor,
  type Graph,
  type StorageName,
  type StoredWeight,
  type Values
} from '@skipwise/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { matchers, type Tolerance } from '../allclose.js'

const numbers = (count: number, seed: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(seed + i * 1.7) * 10 ** ((i % 5) - 3))

/** A matrix at rest; of float16 by its codes, every finite one. */
function stored(storage: StorageName, rows: number, columns: number, seed: number): StoredWeight {
  if (storage !== 'float16') return storeWeight(numbers(rows * columns, seed), [rows, columns], storage)
  const codes = Uint16Array.from({ length: rows * columns }, (_, i) => (i * 7919 + seed) & 0xffff)
  return { storage, shape: [rows, columns], codes: codes.map(code => ((code & 0x7c00) === 0x7c00 ? 0 : code)) }
}

const upload = (executor: Executor, weights: Readonly<Record<string, StoredWeight>>, graph: Graph): Values =>
  Object.fromEntries(
    Object.entries(weights).flatMap(([name, { codes, scales }]) => [
      [name, executor.upload(graph.values[graph.inputs[name]], codes)],
      ...(scales
        ? [[scalesName(name), executor.upload(graph.values[graph.inputs[scalesName(name)]], scales)] as const]
        : [])
    ])
  )

/** What {@link describeStoredWeights} needs to know of an executor. */
export interface StoredWeightsConformance {
  /** How far losses and gradients may be from those of the restored weights; default: no bit. */
  readonly tolerance?: Tolerance
}

/**
 * The conformance suite of executors that hold weights at rest (`storages`); call it in a vitest file next to
 * `describeExecutor`. Every type is restored to the numbers of `restoreWeight`, and gives the loss and the gradients of
 * the restored float32 weights: to the bit, unless the executor orders sums by what is around them.
 *
 * @example
 * ```ts
 * describeStoredWeights('onnx', () => openOnnxExecutor({ threads: 1 }))
 * ```
 */
export function describeStoredWeights(
  name: string,
  open: () => Promise<Executor>,
  { tolerance = { absolute: 0, relative: 0 } }: StoredWeightsConformance = {}
): void {
  describe(`executor '${name}', weights at rest`, () => {
    let executor: Executor
    beforeAll(async () => {
      expect.extend(matchers)
      executor = await open()
    })
    afterAll(() => executor.dispose())

    test('are of every type', () => expect(executor.storages).toEqual(storageNames))

    describe.each(storageNames)('in %s', storage => {
      test('is restored to the numbers of restoreWeight', async () => {
        const weight = stored(storage, 6, 128, 1)
        const plain = trace('negative', ({ w }) => ({ y: tf.neg(w) }), { w: { shape: [6, 128], dtype: 'float32' } })
        const graph = storeWeights(plain, new Map([['w', storage]]))
        const program = await executor.compile(graph)
        const { y } = await program.run(upload(executor, { w: weight }, graph))
        expect(await executor.read(y)).toEqual(restoreWeight(weight).map(x => -x))
        await program.dispose()
      })

      // everything else is the same program: no number may differ, in the forward pass or the backward pass
      test('gives the loss and gradients of the float32 weights', async () => {
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
          // small, so that scores and logits are far from saturation
          norm: executor.upload(
            { shape: [d], dtype: 'float32' },
            numbers(d, 4).map(x => x / 1000)
          ),
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
          [graph, { ...others, ...upload(executor, weights, graph) }]
        ] as const
        const results: number[][] = []
        for (const [each, inputs] of runs) {
          const program = await executor.compile(each)
          const { loss, gradient } = await program.run(inputs)
          results.push([...(await executor.read(loss)), ...(await executor.read(gradient))])
          await program.dispose()
        }
        expect(results[1]).toBeAllclose(results[0], tolerance)
        const [[loss, ...gradient]] = results
        expect(Number.isFinite(loss) && gradient.some(x => x !== 0)).toBe(true)
      })
    })
  })
}
