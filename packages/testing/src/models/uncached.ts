import { randomStream, type RopeFrequencies } from '@skipwise/core'
import {
  forward,
  logits as logitsOf,
  positionTables,
  tableWidth,
  type ModelDefinition,
  type PositionalEncoding
} from '@skipwise/nn'
import { trace, type Executor, type tf, type ValueSpec } from '@skipwise/runtime'

/** Weights that make everything matter, the same every time: norms near 1, the rest near 0; by name, row-major. */
export function randomWeights({ parameters }: ModelDefinition): Map<string, Float32Array> {
  return new Map(
    parameters.map(({ name, shape, initializer }, index) => {
      const random = randomStream({ seed: 0, stream: 'weights', index })
      const size = shape.reduce((product, length) => product * length, 1)
      return [name, Float32Array.from({ length: size }, () => (initializer === 'ones' ? 1 : 0) + random.normal() * 0.3)]
    })
  )
}

/** What {@link uncachedLogits} runs. */
export interface UncachedModel {
  readonly model: ModelDefinition
  readonly encoding: PositionalEncoding
  readonly frequencies: RopeFrequencies
  /** By name, row-major. */
  readonly weights: ReadonlyMap<string, Float32Array>
}

/**
 * Logits [T, V] of token ids [T] by one forward pass over the whole sequence, without a cache: what an engine that has
 * one must give.
 */
export async function uncachedLogits(
  executor: Executor,
  { model, encoding, frequencies, weights }: UncachedModel,
  ids: Int32Array
): Promise<Float32Array> {
  const T = ids.length
  const table: ValueSpec = { shape: [1, T, tableWidth(model.geometry)], dtype: 'float32' }
  const specs: Record<string, ValueSpec> = { ids: { shape: [T], dtype: 'int32' }, cos: table, sin: table }
  if (encoding.slopes) specs['positions'] = { shape: [1, T], dtype: 'float32' }
  for (const { name, shape } of model.parameters) specs[name] = { shape, dtype: 'float32' }
  const graph = trace(
    'whole',
    inputs => {
      const head = forward(model, encoding, inputs, {
        batch: 1,
        ids: inputs['ids'] as tf.Tensor1D,
        cos: inputs['cos'] as tf.Tensor3D,
        sin: inputs['sin'] as tf.Tensor3D,
        positions: inputs['positions'] as tf.Tensor2D,
        softmaxScale: frequencies.softmaxScale
      })
      return { logits: logitsOf(head) }
    },
    specs
  )
  const program = await executor.compile(graph)
  const tables = positionTables(
    encoding,
    model.geometry,
    Int32Array.from({ length: T }, (_, t) => t),
    frequencies
  )
  const data = { ids, ...tables, ...Object.fromEntries(weights) }
  const inputs = Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [name, executor.upload(spec, data[name as keyof typeof data])])
  )
  const logits = (await executor.read((await program.run(inputs))['logits'])).slice() as Float32Array
  for (const value of Object.values(inputs)) value.dispose()
  await program.dispose()
  return logits
}

/** log p(ids[t + 1] | ids[0 … t]) of logits [T, V], in float64, [T − 1]. */
export function logProbabilities(logits: ArrayLike<number>, ids: Int32Array, vocabSize: number): Float64Array {
  return Float64Array.from({ length: ids.length - 1 }, (_, t) => {
    const row = Array.from({ length: vocabSize }, (_, v) => logits[t * vocabSize + v])
    const max = Math.max(...row)
    return (
      logits[t * vocabSize + ids[t + 1]] - max - Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - max), 0))
    )
  })
}
