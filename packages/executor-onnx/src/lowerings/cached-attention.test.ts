import { randomStream } from '@skipwise/core'
import { cachedAttention, trace, type Graph, type tf } from '@skipwise/runtime'
import { afterAll, expect, test } from 'vitest'
import { openOnnxExecutor } from '../executor.js'
import { lower } from '../lowering.js'

const T = 128
const H = 2
const K = 1
const D = 8
const past = 100
const executor = await openOnnxExecutor({ threads: 1 })
afterAll(() => executor.dispose())

/** T tokens over a cache of S slots. */
const program = (S: number, options: Parameters<typeof cachedAttention>[2]): Graph => {
  const f32 = (...shape: number[]) => ({ shape, dtype: 'float32' as const })
  const cache = f32(1, K, S, D)
  return trace(
    'cached attention',
    inputs => {
      const { query, key, value, keyCache, valueCache, pastLength } = inputs as Record<string, tf.Tensor4D>
      return {
        ...cachedAttention(
          { query, key, value, keyCache, valueCache, pastLength: pastLength as unknown as tf.Scalar },
          D ** -0.5,
          options
        )
      }
    },
    {
      query: f32(1, T, H, D),
      key: f32(1, T, K, D),
      value: f32(1, T, K, D),
      keyCache: cache,
      valueCache: cache,
      pastLength: { shape: [], dtype: 'int32' }
    }
  )
}

const random = randomStream({ seed: 0, stream: 'cached attention' })
const normal = (size: number) => Float32Array.from({ length: size }, () => random.normal())
const rows = { query: normal(T * H * D), key: normal(T * K * D), value: normal(T * K * D) }
const cached = { keyCache: normal(past * D), valueCache: normal(past * D) }

async function run(S: number, options: Parameters<typeof cachedAttention>[2]): Promise<Float32Array> {
  const graph = program(S, options)
  const compiled = await executor.compile(graph)
  const cache = (data: Float32Array) => {
    const all = new Float32Array(S * D)
    all.set(data)
    return all
  }
  const data = {
    ...rows,
    keyCache: cache(cached.keyCache),
    valueCache: cache(cached.valueCache),
    pastLength: Int32Array.of(past)
  }
  const outputs = await compiled.run(
    Object.fromEntries(
      Object.entries(data).map(([name, values]) => [name, executor.upload(graph.values[graph.inputs[name]], values)])
    )
  )
  const output = ((await executor.read(outputs.output)) as Float32Array).slice()
  await compiled.dispose()
  return output
}

const attentionInputs = (graph: Graph) => lower(graph).nodes.find(node => node.op === 'GroupQueryAttention')!.inputs

test.each([
  ['plain', {}],
  ['ALiBi', { slopes: [0.5, 0.25] }],
  ['a sliding window', { slidingWindow: 70 }]
] as const)('%s: whole rows and tiles give the same', async (_, options) => {
  const few = 256
  const many = 2 ** 16
  // only sinks keep ONNX Runtime from tiles, and only where all scores are few
  expect(attentionInputs(program(few, options))[11]).toBeTruthy()
  expect(attentionInputs(program(many, options))[11]).toBeFalsy()
  const whole = await run(few, options)
  const tiles = await run(many, options)
  expect(Math.max(...whole.map((x, i) => Math.abs(x - tiles[i])))).toBeLessThan(2e-6)
  expect(Math.max(...whole)).toBeGreaterThan(0.5)
})
