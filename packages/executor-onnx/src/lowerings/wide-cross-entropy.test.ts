import { linearCrossEntropy, restoreWeight, scalesName, storeWeight, storeWeights, tf, trace } from '@skipwise/runtime'
import { matchers } from '@skipwise/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { openOnnxExecutor } from '../executor.js'
import { inferShapes } from '../onnx-shapes.js'
import { lower } from '../lowering.js'

expect.extend(matchers)
const executor = await openOnnxExecutor({ threads: 2 })
afterAll(() => executor.dispose())

// more logits than are kept, in several pieces of the vocabulary, the last one smaller
const [N, V] = [300, 70_001]
/** Columns of weights: of the reference, which is slow, and of weights in blocks of 64. */
const [NARROW, BLOCK] = [16, 64]
const numbers = (count: number, seed: number, size: number) =>
  Float32Array.from({ length: count }, (_, i) => size * Math.sin(seed + i * 1.7 + (i % 13)))
const hiddenOf = (d: number) => numbers(N * d, 1, 0.5)
const tableOf = (d: number) => numbers(V * d, 2, 0.5)
const bias = numbers(V, 3, 1)
const labels = Int32Array.from({ length: N }, (_, i) => [0, V - 1, 55_923, 55_924, 7 * i][i % 5])
const factors = numbers(N, 4, 1)

/** −log p of each row in float64, and the gradients of Σ factor · −log p, those of the weights for some rows. */
function reference(d: number, withBias: boolean, rows: readonly number[]) {
  const hidden = hiddenOf(d)
  const weight = tableOf(d)
  const losses = new Float64Array(N)
  const dHidden = new Float64Array(N * d)
  const dBias = new Float64Array(V)
  const dWeight = new Map(rows.map(row => [row, new Float64Array(d)]))
  const logits = new Float64Array(V)
  for (let n = 0; n < N; n++) {
    for (let v = 0; v < V; v++) {
      let sum = withBias ? bias[v] : 0
      for (let k = 0; k < d; k++) sum += hidden[n * d + k] * weight[v * d + k]
      logits[v] = sum
    }
    const most = logits.reduce((a, b) => Math.max(a, b))
    const total = logits.reduce((sum, x) => sum + Math.exp(x - most), 0)
    losses[n] = most + Math.log(total) - logits[labels[n]]
    for (let v = 0; v < V; v++) {
      const slope = factors[n] * (Math.exp(logits[v] - most) / total - Number(v === labels[n]))
      dBias[v] += slope
      for (let k = 0; k < d; k++) dHidden[n * d + k] += slope * weight[v * d + k]
      const row = dWeight.get(v)
      if (row) for (let k = 0; k < d; k++) row[k] += slope * hidden[n * d + k]
    }
  }
  return { losses, dHidden, dBias, dWeight }
}

const traced = (d: number, withBias: boolean, trained: readonly string[]) =>
  trace(
    'loss',
    inputs => {
      const loss = (...tensors: tf.Tensor[]) => {
        const all = { ...inputs, ...Object.fromEntries(trained.map((name, i) => [name, tensors[i]])) }
        const losses = linearCrossEntropy(
          all.hidden as tf.Tensor2D,
          all.weight as tf.Tensor2D,
          all.labels as tf.Tensor1D,
          withBias ? (all.bias as tf.Tensor1D) : undefined
        )
        return tf.sum(tf.mul(losses, all.factors)) as tf.Scalar
      }
      const { value, grads } = tf.valueAndGrads(loss)(trained.map(name => inputs[name]))
      return { loss: value, ...Object.fromEntries(trained.map((name, i) => [`d ${name}`, grads[i]])) }
    },
    {
      hidden: { shape: [N, d], dtype: 'float32' },
      weight: { shape: [V, d], dtype: 'float32' },
      labels: { shape: [N], dtype: 'int32' },
      factors: { shape: [N], dtype: 'float32' },
      ...(withBias && { bias: { shape: [V], dtype: 'float32' as const } })
    }
  )

const inputsOf = (d: number) => ({
  hidden: executor.upload({ shape: [N, d], dtype: 'float32' }, hiddenOf(d)),
  labels: executor.upload({ shape: [N], dtype: 'int32' }, labels),
  factors: executor.upload({ shape: [N], dtype: 'float32' }, factors)
})

describe('a loss over a wide vocabulary', () => {
  test.each([false, true])(
    'has the numbers and gradients of float64, bias %s',
    { timeout: 300_000 },
    async withBias => {
      const d = NARROW
      const graph = traced(d, withBias, ['hidden', 'weight', ...(withBias ? ['bias'] : [])])
      const program = await executor.compile(graph)
      const outputs = await program.run({
        ...inputsOf(d),
        weight: executor.upload({ shape: [V, d], dtype: 'float32' }, tableOf(d)),
        ...(withBias && { bias: executor.upload({ shape: [V], dtype: 'float32' }, bias) })
      })
      const rows = [0, 7, 55_923, 55_924, V - 1, 100]
      const expected = reference(d, withBias, rows)
      const loss = expected.losses.reduce((sum, x, n) => sum + factors[n] * x, 0)
      expect((await executor.read(outputs.loss))[0]).toBeCloseTo(loss, 2)
      const tolerance = { absolute: 1e-5, relative: 1e-4 }
      expect(await executor.read(outputs['d hidden'])).toBeAllclose(expected.dHidden, tolerance)
      const dWeight = (await executor.read(outputs['d weight'])) as Float32Array
      for (const row of rows)
        expect(dWeight.slice(row * d, row * d + d)).toBeAllclose(expected.dWeight.get(row) as Float64Array, tolerance)
      if (withBias) expect(await executor.read(outputs['d bias'])).toBeAllclose(expected.dBias, tolerance)
      await program.dispose()
    }
  )

  test('of weights at rest has the bits of the same weights in float32', async () => {
    const d = BLOCK
    const plain = traced(d, false, ['hidden'])
    for (const storage of ['bfloat16', 'int4'] as const) {
      const weight = storeWeight(tableOf(d), [V, d], storage)
      const graph = storeWeights(plain, new Map([['weight', storage]]))
      const spec = (name: string) => graph.values[graph.inputs[name]]
      const runs = [
        [plain, { weight: executor.upload({ shape: [V, d], dtype: 'float32' }, restoreWeight(weight)) }],
        [
          graph,
          {
            weight: executor.upload(spec('weight'), weight.codes),
            ...(weight.scales && {
              [scalesName('weight')]: executor.upload(spec(scalesName('weight')), weight.scales)
            })
          }
        ]
      ] as const
      const results: unknown[] = []
      for (const [each, weights] of runs) {
        const program = await executor.compile(each)
        const outputs = await program.run({ ...inputsOf(d), ...weights })
        results.push([(await executor.read(outputs.loss)).slice(), (await executor.read(outputs['d hidden'])).slice()])
        await program.dispose()
      }
      expect(results[1]).toEqual(results[0])
    }
  })

  test('never has all logits, or all weights in float32, in memory', () => {
    const model = lower(storeWeights(traced(BLOCK, false, ['hidden']), new Map([['weight', 'bfloat16']])))
    const specs = inferShapes(model)
    const largest = Math.max(
      ...model.nodes.flatMap(({ outputs }) =>
        outputs.map(name => specs.get(name)?.shape.reduce((product, size) => product * size, 1) ?? 0)
      )
    )
    expect(largest).toBeLessThanOrEqual(2 ** 24)
    expect(largest).toBeLessThan(N * V)
  })
})
