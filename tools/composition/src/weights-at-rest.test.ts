import { baichuan } from '@skipwise/arch-baichuan'
import { gptj } from '@skipwise/arch-gptj'
import { gptneox } from '@skipwise/arch-gptneox'
import { llama } from '@skipwise/arch-llama'
import { randomStream, type RopeFrequencies, type TrainingExample } from '@skipwise/core'
import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { createLanguageModel } from '@skipwise/inference'
import type { ModelDefinition, PositionalEncoding } from '@skipwise/nn'
import { rotaryHalf, rotaryInterleaved } from '@skipwise/positional-encodings'
import { canStore, openInterpreter, restoreWeight, storeWeight, type Executor, type Weight } from '@skipwise/runtime'
import { completeOptions, planMemory, Trainer, type TrainingOptions } from '@skipwise/training'
import { afterAll, describe, expect, test } from 'vitest'

const V = 48
const T = 20
const window = { original: T, target: 80 }
const encodings: Readonly<Record<string, PositionalEncoding>> = {
  'rotary-half': rotaryHalf(),
  'rotary-interleaved': rotaryInterleaved()
}
const sizes = {
  vocab_size: V,
  hidden_size: 64,
  intermediate_size: 128,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  max_position_embeddings: T
}
const TIED = 'LLaMA with tied embeddings'
const models: Readonly<Record<string, ModelDefinition>> = {
  [TIED]: llama().define({
    ...sizes,
    model_type: 'llama',
    num_key_value_heads: 2,
    tie_word_embeddings: true
  }),
  'Qwen2 with biases': llama().define({ ...sizes, model_type: 'qwen2', num_key_value_heads: 2 }),
  'GPT-J': gptj().define({
    model_type: 'gptj',
    vocab_size: V,
    n_embd: 64,
    n_layer: 2,
    n_head: 4,
    n_positions: T,
    rotary_dim: 8,
    n_inner: 128
  }),
  'GPT-NeoX': gptneox().define({ ...sizes, model_type: 'gpt_neox', rotary_pct: 0.5 }),
  'Baichuan2-7B': baichuan().define({
    ...sizes,
    model_type: 'baichuan',
    model_max_length: T,
    position_embedding: 'rope',
    normalized_head: true
  })
}

const executor = await openOnnxExecutor({ threads: 1 })
afterAll(() => executor.dispose())

const frequenciesOf = ({ geometry: { rotaryDim } }: ModelDefinition): RopeFrequencies => ({
  inverseFrequencies: Float64Array.from({ length: rotaryDim / 2 }, (_, i) => 1e4 ** ((-2 * i) / rotaryDim)),
  attentionFactor: 1,
  softmaxScale: 1
})

/** Weights with every matrix that can be at rest. */
function storedWeights({ parameters }: ModelDefinition, storage: 'bfloat16' | 'int8' | 'int4'): Map<string, Weight> {
  return new Map(
    parameters.map(({ name, shape, initializer }) => {
      const random = randomStream({ seed: 0, stream: name })
      const size = shape.reduce((a, b) => a * b, 1)
      const mean = initializer === 'ones' ? 1 : 0
      const data = Float32Array.from({ length: size }, () => mean + 0.1 * random.normal())
      return [name, canStore(storage, shape) ? storeWeight(data, shape, storage) : data] as const
    })
  )
}

const restored = (weights: ReadonlyMap<string, Weight>) =>
  new Map([...weights].map(([name, weight]) => [name, restoreWeight(weight)] as const))

function example(index: number): TrainingExample {
  const random = randomStream({ seed: 0, stream: 'example', index })
  return {
    ids: Int32Array.from({ length: T }, () => random.integer(0, V - 1)),
    positionIds: Int32Array.from({ length: T }, (_, t) => (t < 9 ? t : t + 40)),
    labelMask: Uint8Array.from({ length: T }, (_, t) => Number(t > 0 && t % 7 !== 3))
  }
}

const setupOf = (model: ModelDefinition, on: Executor, given: Partial<TrainingOptions>) => ({
  model,
  encoding: encodings[model.positionalEncoding],
  frequencies: frequenciesOf(model),
  executor: on,
  window,
  options: completeOptions({
    steps: 2,
    batch: 2,
    learningRate: 1e-2,
    warmup: 0,
    lora: { rank: 4, targets: 'all-linear', seed: 1 },
    ...given
  })
})

/** Gradients of the first step, and the weights after two. */
async function compute(model: ModelDefinition, weights: ReadonlyMap<string, Weight>, given: Partial<TrainingOptions>) {
  const trainer = await Trainer.create(setupOf(model, executor, given), weights)
  const examples = [example(0), example(1)]
  const { loss } = await trainer.gradients(examples)
  const gradients = new Map([...(await trainer.readGradients())].map(([name, data]) => [name, data.slice()]))
  await trainer.update(0, 1e-2)
  await trainer.gradients(examples)
  await trainer.update(1, 1e-2)
  const after = new Map([...(await trainer.weights())].map(([name, data]) => [name, data.slice()]))
  await trainer.dispose()
  return { loss, gradients, after }
}

describe.each(Object.entries(models))('%s', (_, model) => {
  const storages = model === models[TIED] ? (['bfloat16', 'int8', 'int4'] as const) : (['bfloat16', 'int4'] as const)
  describe.each(storages)('with a frozen base in %s', storage => {
    const weights = storedWeights(model, storage)

    // the same numbers in float32 are the reference: nothing may differ, in no strategy
    const strategies =
      storage === 'bfloat16' ? (['whole', 'blockwise', { seco: { chunk: 8 } }] as const) : (['blockwise'] as const)
    test.each(strategies)('trains adapters as in float32, %o', async strategy => {
      const atRest = await compute(model, weights, { strategy })
      const inFloat32 = await compute(model, restored(weights), { strategy })
      expect(atRest.loss).toBe(inFloat32.loss)
      expect(atRest.gradients).toEqual(inFloat32.gradients)
      expect(atRest.after).toEqual(inFloat32.after)
      expect(
        [...atRest.after].some(
          ([name, data]) => !data.every((x, i) => x === restoreWeight(weights.get(name) as Weight)[i])
        )
      ).toBe(true)
    })

    test('is scored as in float32', async () => {
      const scores = async (given: ReadonlyMap<string, Weight>) => {
        const language = await createLanguageModel({
          name: 'model',
          model,
          encoding: encodings[model.positionalEncoding],
          executor,
          tokenizer: { vocabSize: V } as never,
          frequencies: frequenciesOf(model),
          weights: given,
          maxLength: T
        })
        const { ids } = example(3)
        const losses = await language.score(ids)
        const generated: number[] = []
        for await (const id of language.generate(ids.slice(0, 7), { maxNewTokens: 5 })) generated.push(id)
        language.dispose()
        return { losses, generated }
      }
      expect(await scores(weights)).toEqual(await scores(restored(weights)))
    })
  })
})

test('weights that are trained stay in float32', async () => {
  const model = models['GPT-NeoX']
  const weights = storedWeights(model, 'bfloat16')
  const setup = setupOf(model, executor, { lora: undefined as never })
  await expect(Trainer.create(setup, weights)).rejects.toThrow(
    /TRAINING_OPTIONS: '.*' is trained, and its weights are in bfloat16/
  )
})

test('an executor that cannot hold them says so, before anything is compiled', async () => {
  const model = models['GPT-NeoX']
  const weights = storedWeights(model, 'int4')
  const interpreter = await openInterpreter('cpu')
  const setup = { ...setupOf(model, interpreter, {}), stored: new Map([['any', 'int4'] as const]) }
  const message = /EXECUTOR_STORAGE: the executor .* cannot hold weights in int4: use float32, or the executor onnx/
  expect(() => planMemory(setup)).toThrow(message)
  await expect(Trainer.create(setup, weights)).rejects.toThrow(message)
})
