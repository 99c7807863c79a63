import { baichuan } from '@skipwise/arch-baichuan'
import { gptj } from '@skipwise/arch-gptj'
import { llama } from '@skipwise/arch-llama'
import { randomStream, type PositionedExample, type RopeFrequencies } from '@skipwise/core'
import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { openTfjsExecutor } from '@skipwise/executor-tfjs'
import type { ModelDefinition, PositionalEncoding } from '@skipwise/nn'
import { alibi, rotaryHalf, rotaryInterleaved } from '@skipwise/positional-encodings'
import type { Executor } from '@skipwise/runtime'
import { completeOptions, type TrainingOptions } from '../src/options.js'
import { Trainer } from '../src/trainer.js'

const V = 32, T = 20
/** Of every test: T is divided by 4 and 5, not by 7. */
export const window = { original: T, target: 80 }
/** By their names. */
export const encodings: Readonly<Record<string, PositionalEncoding>> = { 'rotary-half': rotaryHalf.create({}), 'rotary-interleaved': rotaryInterleaved.create({}), alibi: alibi.create({}) }
const llamaLike = {
  vocab_size: V, hidden_size: 16, intermediate_size: 24, num_hidden_layers: 3, num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: T
}
const baichuanLike = { model_type: 'baichuan', vocab_size: V, hidden_size: 16, intermediate_size: 24, num_hidden_layers: 3, num_attention_heads: 2, model_max_length: T }
/** One of every kind of block. */
export const models: Readonly<Record<string, ModelDefinition>> = {
  'LLaMA': llama.create({}).define({ ...llamaLike, model_type: 'llama' }),
  'LLaMA with tied embeddings': llama.create({}).define({ ...llamaLike, model_type: 'llama', tie_word_embeddings: true }),
  'Qwen2 with biases and a sliding layer': llama.create({}).define({ ...llamaLike, model_type: 'qwen2', use_sliding_window: true, sliding_window: 5, max_window_layers: 1 }),
  'GPT-J': gptj.create({}).define({ model_type: 'gptj', vocab_size: V, n_embd: 16, n_layer: 3, n_head: 2, n_positions: T, rotary_dim: 4, n_inner: 24 }),
  'Baichuan2-7B': baichuan.create({}).define({ ...baichuanLike, position_embedding: 'rope', normalized_head: true }),
  'Baichuan-13B': baichuan.create({}).define({ ...baichuanLike, position_embedding: 'alibi', normalized_head: false })
}
/** The executors that need no binary of their own. */
export const executors: Readonly<Record<string, () => Promise<Executor>>> = { onnx: () => openOnnxExecutor({ threads: 1 }), 'tfjs:cpu': () => openTfjsExecutor('cpu') }

export const frequenciesOf = ({ geometry: { rotaryDim } }: ModelDefinition): RopeFrequencies =>
  ({ inverseFrequencies: Float64Array.from({ length: rotaryDim / 2 }, (_, i) => 1e4 ** ((-2 * i) / rotaryDim)), attentionFactor: 1, softmaxScale: 1 })

/** Weights that make everything matter: norms near 1, biases away from 0. */
export const weightsOf = ({ parameters }: ModelDefinition) =>
  new Map(parameters.map(({ name, shape, initializer }) => {
    const random = randomStream({ seed: 0, stream: name }), size = shape.reduce((a, b) => a * b, 1)
    return [name, Float32Array.from({ length: size }, () => (initializer === 'ones' ? 1 : 0) + 0.3 * random.normal())]
  }))

/** Ids, positions that skip once, and a mask with holes. */
export function example(index: number): PositionedExample {
  const random = randomStream({ seed: 0, stream: 'example', index }), skip = random.integer(0, 60), cut = random.integer(1, T - 1)
  return {
    ids: Int32Array.from({ length: T }, () => random.integer(0, V - 1)),
    positionIds: Int32Array.from({ length: T }, (_, t) => (t < cut ? t : t + skip)),
    labelMask: Uint8Array.from({ length: T }, (_, t) => Number(t > 0 && t % 7 !== 3))
  }
}

/** Loss, gradients and, after two steps, weights. */
export async function compute(model: ModelDefinition, executor: Executor, given: Partial<TrainingOptions>, { packed = false, of = example } = {}) {
  const options = completeOptions({ steps: 2, batch: 4, learningRate: 1e-2, warmup: 0, ...given })
  const trainer = await Trainer.create({ model, encoding: encodings[model.positionalEncoding], frequencies: frequenciesOf(model), executor, window, options, packed }, weightsOf(model))
  const examples = Array.from({ length: 4 }, (_, i) => of(i)), { loss } = await trainer.gradients(examples)
  const gradients = new Map([...(await trainer.readGradients())].map(([name, data]) => [name, data.slice()]))
  await trainer.update(0, 1e-2)
  await trainer.gradients(examples)
  await trainer.update(1, 1e-2)
  const weights = await trainer.weights()
  await trainer.dispose()
  return { loss, gradients, weights }
}

/** ‖a − b‖ / ‖b‖ */
export function relativeDistance(a: Float32Array, b: Float32Array): number {
  let difference = 0, norm = 0
  b.forEach((value, i) => {
    difference += (a[i] - value) ** 2
    norm += value ** 2
  })
  return Math.sqrt(difference / norm)
}

/** Three documents in a row, each with positions of its own. */
export function packedExample(index: number): PositionedExample {
  const { ids, labelMask } = example(index), starts = [0, 6 + (index % 3), 13], of = (t: number) => starts.filter(start => start <= t).length - 1
  return {
    ids, labelMask: labelMask.map((flag, t) => (starts.includes(t) ? 0 : flag)), documentIds: Int32Array.from(ids, (_, t) => of(t)),
    positionIds: Int32Array.from(ids, (_, t) => t - starts[of(t)] + (t - starts[of(t)] > 3 ? 10 : 0))
  }
}
