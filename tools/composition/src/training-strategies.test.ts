import { baichuan } from '@skipwise/arch-baichuan'
import { gptj } from '@skipwise/arch-gptj'
import { gptneox } from '@skipwise/arch-gptneox'
import { llama } from '@skipwise/arch-llama'
import { phi } from '@skipwise/arch-phi'
import { randomStream, type TrainingExample, type RopeFrequencies } from '@skipwise/core'
import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { openTfjsExecutor } from '@skipwise/executor-tfjs'
import type { ModelDefinition, PositionalEncoding } from '@skipwise/nn'
import { alibi, rotaryHalf, rotaryInterleaved } from '@skipwise/positional-encodings'
import { openInterpreter, type Executor } from '@skipwise/runtime'
import { matchers } from '@skipwise/testing'
import { completeOptions, gradientName, Trainer, type LoraOptions, type TrainingOptions } from '@skipwise/training'
import { describe, expect, test } from 'vitest'

expect.extend(matchers)
const V = 32
const T = 20
const window = { original: T, target: 80 }
const encodings: Readonly<Record<string, PositionalEncoding>> = {
  'rotary-half': rotaryHalf(),
  'rotary-interleaved': rotaryInterleaved(),
  alibi: alibi()
}
const llamaLike = {
  vocab_size: V,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: T
}
const baichuanLike = {
  model_type: 'baichuan',
  vocab_size: V,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 3,
  num_attention_heads: 2,
  model_max_length: T
}
const models: Readonly<Record<string, ModelDefinition>> = {
  LLaMA: llama().define({ ...llamaLike, model_type: 'llama' }),
  'LLaMA with tied embeddings': llama().define({ ...llamaLike, model_type: 'llama', tie_word_embeddings: true }),
  'Qwen2 with biases and a sliding layer': llama().define({
    ...llamaLike,
    model_type: 'qwen2',
    use_sliding_window: true,
    sliding_window: 5,
    max_window_layers: 1
  }),
  'OLMo 2': llama().define({ ...llamaLike, model_type: 'olmo2' }),
  Granite: llama().define({
    ...llamaLike,
    model_type: 'granite',
    embedding_multiplier: 3,
    attention_multiplier: 0.3,
    residual_multiplier: 0.5,
    logits_scaling: 2
  }),
  'SmolLM3 with a layer without positions': llama().define({
    ...llamaLike,
    model_type: 'smollm3',
    no_rope_layer_interval: 2
  }),
  'StableLM with head norms': llama().define({
    ...llamaLike,
    model_type: 'stablelm',
    hidden_size: 24,
    num_attention_heads: 3,
    num_key_value_heads: 1,
    partial_rotary_factor: 0.5,
    qk_layernorm: true,
    use_parallel_residual: true
  }),
  'Phi-3 with a sliding window': llama().define({ ...llamaLike, model_type: 'phi3', sliding_window: 7 }),
  Gemma: llama().define({ ...llamaLike, model_type: 'gemma', head_dim: 8 }),
  'Gemma 2 with soft caps': llama().define({
    ...llamaLike,
    model_type: 'gemma2',
    head_dim: 8,
    attn_logit_softcapping: 1.5,
    final_logit_softcapping: 2,
    sliding_window: 7
  }),
  'Gemma 3 with two RoPEs': llama().define({
    ...llamaLike,
    model_type: 'gemma3_text',
    head_dim: 8,
    rope_local_base_freq: 20,
    sliding_window: 7,
    sliding_window_pattern: 2
  }),
  'GPT-J': gptj().define({
    model_type: 'gptj',
    vocab_size: V,
    n_embd: 16,
    n_layer: 3,
    n_head: 2,
    n_positions: T,
    rotary_dim: 4,
    n_inner: 24
  }),
  'GPT-NeoX': gptneox().define({
    model_type: 'gpt_neox',
    vocab_size: V,
    hidden_size: 16,
    intermediate_size: 24,
    num_hidden_layers: 3,
    num_attention_heads: 2,
    max_position_embeddings: T,
    rotary_pct: 0.5
  }),
  'Phi-2': phi().define({
    model_type: 'phi',
    vocab_size: V,
    hidden_size: 16,
    intermediate_size: 32,
    num_hidden_layers: 3,
    num_attention_heads: 2,
    max_position_embeddings: T
  }),
  'Baichuan2-7B': baichuan().define({ ...baichuanLike, position_embedding: 'rope', normalized_head: true }),
  'Baichuan-13B': baichuan().define({ ...baichuanLike, position_embedding: 'alibi', normalized_head: false })
}
const executors: Readonly<Record<string, () => Promise<Executor>>> = {
  onnx: () => openOnnxExecutor({ threads: 1 }),
  'tfjs:cpu': () => openTfjsExecutor('cpu')
}

const frequenciesOf = ({ geometry: { rotaryDim } }: ModelDefinition): RopeFrequencies => ({
  inverseFrequencies: Float64Array.from({ length: rotaryDim / 2 }, (_, i) => 1e4 ** ((-2 * i) / rotaryDim)),
  attentionFactor: 1,
  softmaxScale: 1
})

/** Weights that make everything matter: norms near 1, biases away from 0. */
const weightsOf = ({ parameters }: ModelDefinition) =>
  new Map(
    parameters.map(({ name, shape, initializer }) => {
      const random = randomStream({ seed: 0, stream: name })
      const size = shape.reduce((a, b) => a * b, 1)
      return [name, Float32Array.from({ length: size }, () => (initializer === 'ones' ? 1 : 0) + 0.3 * random.normal())]
    })
  )

function example(index: number): TrainingExample {
  const random = randomStream({ seed: 0, stream: 'example', index })
  const skip = random.integer(0, 60)
  const cut = random.integer(1, T - 1)
  return {
    ids: Int32Array.from({ length: T }, () => random.integer(0, V - 1)),
    positionIds: Int32Array.from({ length: T }, (_, t) => (t < cut ? t : t + skip)),
    labelMask: Uint8Array.from({ length: T }, (_, t) => Number(t > 0 && t % 7 !== 3))
  }
}

/** Three documents in a row, each with positions of its own. */
function packedExample(index: number): TrainingExample {
  const { ids, labelMask } = example(index)
  const starts = [0, 6 + (index % 3), 13]
  const of = (t: number) => starts.filter(start => start <= t).length - 1
  return {
    ids,
    labelMask: labelMask.map((flag, t) => (starts.includes(t) ? 0 : flag)),
    documentIds: Int32Array.from(ids, (_, t) => of(t)),
    positionIds: Int32Array.from(ids, (_, t) => t - starts[of(t)] + (t - starts[of(t)] > 3 ? 10 : 0))
  }
}

/** Loss, gradients and, after two steps, weights. */
async function compute(
  model: ModelDefinition,
  executor: Executor,
  given: Partial<TrainingOptions>,
  { packed = false, of = example } = {}
) {
  const options = completeOptions({ steps: 2, batch: 4, learningRate: 1e-2, warmup: 0, ...given })
  const trainer = await Trainer.create(
    {
      model,
      encoding: encodings[model.positionalEncoding],
      frequencies: frequenciesOf(model),
      executor,
      window,
      options,
      packed
    },
    weightsOf(model)
  )
  const examples = Array.from({ length: 4 }, (_, i) => of(i))
  const { loss } = await trainer.gradients(examples)
  const gradients = new Map([...(await trainer.readGradients())].map(([name, data]) => [name, data.slice()]))
  await trainer.update(0, 1e-2)
  await trainer.gradients(examples)
  await trainer.update(1, 1e-2)
  const weights = await trainer.weights()
  await trainer.dispose()
  return { loss, gradients, weights }
}

/** ‖a − b‖ / ‖b‖ */
function relativeDistance(a: Float32Array, b: Float32Array): number {
  let difference = 0
  let norm = 0
  b.forEach((value, i) => {
    difference += (a[i] - value) ** 2
    norm += value ** 2
  })
  return Math.sqrt(difference / norm)
}

const lora: LoraOptions = { rank: 2, alpha: 6, targets: ['q_proj', 'down_proj'], alsoTrain: ['norm'], seed: 0 }
describe.each<[string, Partial<TrainingOptions>]>([
  ['adapters', { lora }],
  ['adapters of all matrices', { lora: { rank: 3, targets: 'all-linear', seed: 0 } }],
  ['a frozen embedding and first layer', { freeze: ['model.embed_tokens.*', 'model.layers.0.*'] }],
  ['all but the embedding frozen', { freeze: ['model.layers.*', 'model.norm.*', 'lm_head.*'] }],
  ['all but the output layer frozen', { freeze: ['model.*'] }]
])('block by block, %s', (_, options) => {
  test.each(Object.keys(executors))(
    'has the gradients of the whole program on %s, also in micro-batches',
    async name => {
      const executor = await executors[name]()
      for (const microBatch of [4, 2]) {
        const whole = await compute(models['LLaMA'], executor, { microBatch, ...options })
        const blockwise = await compute(models['LLaMA'], executor, { microBatch, ...options, strategy: 'blockwise' })
        expect([...blockwise.gradients.keys()]).toEqual([...whole.gradients.keys()])
        for (const [name, gradient] of whole.gradients) {
          // the gradient of A is zero while B is
          if (gradient.some(value => value !== 0))
            expect(relativeDistance(blockwise.gradients.get(name) as Float32Array, gradient), name).toBeLessThan(1e-6)
        }
        for (const [name, weight] of whole.weights)
          expect(
            relativeDistance(blockwise.weights.get(name) as Float32Array, weight),
            `${name} after two steps`
          ).toBeLessThan(1e-4)
      }
      await executor.dispose()
    }
  )
})

describe.each(Object.entries(models))('block by block, %s', (_, model) => {
  test.each(Object.keys(executors))(
    'has the gradients of the whole program on %s, also in micro-batches',
    async name => {
      const executor = await executors[name]()
      for (const microBatch of [4, 2]) {
        const whole = await compute(model, executor, { microBatch })
        const blockwise = await compute(model, executor, { microBatch, strategy: 'blockwise' })
        expect(Math.abs(blockwise.loss - whole.loss)).toBeLessThan(1e-6 * whole.loss)
        for (const { name } of model.parameters) {
          expect(
            relativeDistance(
              blockwise.gradients.get(gradientName(name)) as Float32Array,
              whole.gradients.get(gradientName(name)) as Float32Array
            ),
            name
          ).toBeLessThan(1e-6)
          expect(
            relativeDistance(blockwise.weights.get(name) as Float32Array, whole.weights.get(name) as Float32Array),
            `${name} after two steps`
          ).toBeLessThan(1e-4)
        }
      }
      await executor.dispose()
    }
  )
})

const exact = { absolute: 1e-6, relative: 1e-4 }
describe.each(Object.entries(models))('chunk by chunk, %s', (name, model) => {
  test.each(Object.keys(executors))(
    'has the gradients of the whole program on %s, element by element',
    async executorName => {
      const executor = await executors[executorName]()
      const whole = await compute(model, executor, {})
      for (const [chunk, microBatch] of executorName === 'onnx'
        ? [
            [4, 4],
            [7, 2],
            [19, 4],
            [512, 4]
          ]
        : [[7, 2]]) {
        const { gradients } = await compute(model, executor, { microBatch, strategy: { seco: { chunk } } })
        for (const [name, gradient] of whole.gradients)
          expect(gradients.get(name), `${name}, chunks of ${chunk}`).toBeAllclose(gradient, exact)
      }
      await executor.dispose()
    }
  )

  test.runIf(['LLaMA', 'Gemma 2 with soft caps', 'Gemma 3 with two RoPEs', 'Baichuan-13B'].includes(name))(
    'and of several documents in a row, on onnx, as on the interpreter',
    async () => {
      const executor = await executors['onnx']()
      const packed = { packed: true, of: packedExample }
      const interpreted = await compute(model, await openInterpreter(), {}, packed)
      for (const strategy of ['whole', 'blockwise', { seco: { chunk: 7 } }] as const) {
        const { gradients } = await compute(model, executor, { strategy }, packed)
        for (const [name, gradient] of interpreted.gradients)
          expect(gradients.get(name), name).toBeAllclose(gradient, exact)
      }
      await executor.dispose()
    }
  )
})
