import { llama } from '@skipwise/arch-llama'
import { randomStream, type RopeFrequencies } from '@skipwise/core'
import { forward, logits as logitsOf, type ModelDefinition, type PositionalEncoding } from '@skipwise/nn'
import { rotaryHalf } from '@skipwise/positional-encodings'
import { tf, trace, type Executor, type ValueSpec } from '@skipwise/runtime'
import { byteTokenizer } from '@skipwise/testing'
import { createLanguageModel, type LanguageModelSetup } from '../src/index.js'

export const encoding: PositionalEncoding = rotaryHalf.create({})

/** A small model with random weights: V 40, d 24, and heads as given. */
export function smallModel({ heads = 4, keyValueHeads = 2, headDim = 8, layers = 2 } = {}): ModelDefinition {
  return llama.create({}).define({
    model_type: 'llama', vocab_size: 40, hidden_size: 24, intermediate_size: 32, num_hidden_layers: layers, num_attention_heads: heads,
    num_key_value_heads: keyValueHeads, head_dim: headDim, max_position_embeddings: 64
  })
}

export function randomWeights({ parameters }: ModelDefinition): Map<string, Float32Array> {
  return new Map(parameters.map(({ name, shape, initializer }, index) => {
    const random = randomStream({ seed: 0, stream: 'weights', index }), size = shape.reduce((product, length) => product * length, 1)
    return [name, Float32Array.from({ length: size }, () => (initializer === 'ones' ? 1 : 0) + random.normal() * 0.3)]
  }))
}

export const plainFrequencies = (rotaryDim: number, base = 1e4): RopeFrequencies =>
  ({ inverseFrequencies: Float64Array.from({ length: rotaryDim / 2 }, (_, i) => base ** ((-2 * i) / rotaryDim)), attentionFactor: 1, softmaxScale: 1 })

export function randomIds(length: number, vocabSize: number, seed = 0): Int32Array {
  const random = randomStream({ seed, stream: 'ids' })
  return Int32Array.from({ length }, () => random.integer(0, vocabSize - 1))
}

/** A language model of a small model, with changes. */
export async function openSmall(executor: Executor, changes: Partial<LanguageModelSetup> = {}) {
  const model = changes.model ?? smallModel()
  return createLanguageModel({
    name: 'small', model, encoding, executor, frequencies: plainFrequencies(model.geometry.rotaryDim), weights: randomWeights(model),
    tokenizer: byteTokenizer(), maxLength: 1024, options: { chunk: 8 }, ...changes
  })
}

/** Logits of every token by one forward pass over the whole sequence, without a cache. */
export async function wholeLogits(
  executor: Executor, model: ModelDefinition, weights: ReadonlyMap<string, Float32Array>, frequencies: RopeFrequencies, ids: Int32Array, used = encoding
): Promise<Float32Array> {
  const T = ids.length, table: ValueSpec = { shape: [1, T, model.geometry.rotaryDim / 2], dtype: 'float32' }
  const specs: Record<string, ValueSpec> = { ids: { shape: [T], dtype: 'int32' }, cos: table, sin: table }
  if (used.slopes) specs.positions = { shape: [1, T], dtype: 'float32' }
  for (const { name, shape } of model.parameters) specs[name] = { shape, dtype: 'float32' }
  const graph = trace('whole', inputs => {
    const head = forward(model, used, inputs, {
      batch: 1, ids: inputs.ids as tf.Tensor1D, cos: inputs.cos as tf.Tensor3D, sin: inputs.sin as tf.Tensor3D, positions: inputs.positions as tf.Tensor2D, softmaxScale: frequencies.softmaxScale
    })
    return { logits: logitsOf(head) }
  }, specs)
  const program = await executor.compile(graph), tables = used.tables(Int32Array.from({ length: T }, (_, t) => t), frequencies)
  const data = { ids, ...tables, ...Object.fromEntries(weights) }
  const inputs = Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, executor.upload(spec, data[name as keyof typeof data])]))
  const logits = (await executor.read((await program.run(inputs)).logits)).slice() as Float32Array
  for (const value of Object.values(inputs)) value.dispose()
  await program.dispose()
  return logits
}

/** log p(ids[t + 1] | ids[0 … t]) of logits [T, V], in float64. */
export function logProbabilities(logits: ArrayLike<number>, ids: Int32Array, vocabSize: number): Float64Array {
  return Float64Array.from({ length: ids.length - 1 }, (_, t) => {
    const row = Array.from({ length: vocabSize }, (_, v) => logits[t * vocabSize + v]), max = Math.max(...row)
    return logits[t * vocabSize + ids[t + 1]] - max - Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - max), 0))
  })
}
