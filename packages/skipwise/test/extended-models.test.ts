import { openCheckpoint, readModelConfig, writeCheckpoint, writeModelConfig } from '@skipwise/checkpoints'
import { randomStream } from '@skipwise/core'
import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { defineModel, extendedConfig } from '@skipwise/experiment'
import { readHuggingFaceRope, writeHuggingFaceRope } from '@skipwise/interpolation'
import { forward, logits, positionTables } from '@skipwise/nn'
import { sizeOf, trace, type HostData, type tf } from '@skipwise/runtime'
import { matchers } from '@skipwise/testing'
import { batchSpecs, parameterSpecs } from '@skipwise/training'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { defaultRegistry } from '../src/registry.js'

expect.extend(matchers)

// Models extended by us, loaded by transformers in float64, at positions up to L_t. To make the golden values again,
// with torch and transformers:
//   SKIPWISE_MODELS=FOLDER npx vitest run test/extended-models.test.ts
//   python tools/golden/extended_models.py FOLDER > packages/skipwise/test/golden/extended-models.json
const golden = JSON.parse(await readFile(join(import.meta.dirname, 'golden', 'extended-models.json'), 'utf8')) as {
  readonly origin: string
  readonly cases: Readonly<Record<string, { readonly config: object; readonly logits: readonly number[] }>>
}
const root = process.env['SKIPWISE_MODELS'] ?? (await mkdtemp(join(tmpdir(), 'skipwise-extended-')))

const parts = { registry: defaultRegistry, readRope: readHuggingFaceRope }
const executor = await openOnnxExecutor({ threads: 1 })
const L = 32
const TARGET = 256
const positionIds = Int32Array.of(0, 1, 2, 3, 100, 101, 102, 103, TARGET - 4, TARGET - 3, TARGET - 2, TARGET - 1)
const T = positionIds.length
const ids = Int32Array.from(positionIds, (_, t) => (7 * t * t + 3) % 24)

const llama = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 24,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: L,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: false
}
const mistral = { ...llama, architectures: ['MistralForCausalLM'], model_type: 'mistral', sliding_window: 5 }
const qwen2 = {
  ...llama,
  architectures: ['Qwen2ForCausalLM'],
  model_type: 'qwen2',
  use_sliding_window: true,
  sliding_window: 5,
  max_window_layers: 1
}
const qwen3 = {
  ...llama,
  architectures: ['Qwen3ForCausalLM'],
  model_type: 'qwen3',
  head_dim: 16,
  tie_word_embeddings: true
}
const olmo2 = { ...llama, architectures: ['Olmo2ForCausalLM'], model_type: 'olmo2' }
const granite = {
  ...llama,
  architectures: ['GraniteForCausalLM'],
  model_type: 'granite',
  embedding_multiplier: 3,
  attention_multiplier: 0.25,
  residual_multiplier: 0.5,
  logits_scaling: 2
}
const { rope_theta: _theta, ...withoutBase } = llama
const smollm3 = {
  ...withoutBase,
  architectures: ['SmolLM3ForCausalLM'],
  model_type: 'smollm3',
  no_rope_layer_interval: 2,
  pad_token_id: 0
}
const stablelm = {
  ...llama,
  architectures: ['StableLmForCausalLM'],
  model_type: 'stablelm',
  use_qkv_bias: true,
  qk_layernorm: true,
  partial_rotary_factor: 0.5
}
const phi3 = {
  ...llama,
  architectures: ['Phi3ForCausalLM'],
  model_type: 'phi3',
  original_max_position_embeddings: L,
  pad_token_id: 0,
  sliding_window: 7
}
const phi = {
  ...llama,
  architectures: ['PhiForCausalLM'],
  model_type: 'phi',
  partial_rotary_factor: 0.5
}
const gemma = {
  ...llama,
  architectures: ['GemmaForCausalLM'],
  model_type: 'gemma',
  head_dim: 8,
  hidden_act: 'gelu',
  tie_word_embeddings: true
}
const gemma2 = {
  ...gemma,
  architectures: ['Gemma2ForCausalLM'],
  model_type: 'gemma2',
  query_pre_attn_scalar: 12,
  attn_logit_softcapping: 1.5,
  final_logit_softcapping: 2,
  sliding_window: 7
}
const gemma3 = {
  ...gemma2,
  architectures: ['Gemma3ForCausalLM'],
  model_type: 'gemma3_text',
  rope_local_base_freq: 50,
  layer_types: ['sliding_attention', 'full_attention']
}
const olmo3 = {
  ...withoutBase,
  architectures: ['Olmo3ForCausalLM'],
  model_type: 'olmo3',
  sliding_window: 7,
  layer_types: ['sliding_attention', 'full_attention'],
  rope_parameters: {
    full_attention: { rope_type: 'default', rope_theta: 500 },
    sliding_attention: { rope_type: 'default', rope_theta: 500000 }
  }
}
const gptj = {
  architectures: ['GPTJForCausalLM'],
  model_type: 'gptj',
  vocab_size: 24,
  n_embd: 32,
  n_layer: 2,
  n_head: 4,
  n_positions: L,
  rotary_dim: 4,
  n_inner: 48,
  tie_word_embeddings: false
}

const gptneox = {
  architectures: ['GPTNeoXForCausalLM'],
  model_type: 'gpt_neox',
  vocab_size: 24,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  max_position_embeddings: L,
  rotary_pct: 0.5,
  rotary_emb_base: 10000
}

const factors = (count: number, last: number) =>
  Array.from({ length: count }, (_, i) => 1 + ((last - 1) * i) / (count - 1))
const cases: Readonly<
  Record<
    string,
    {
      readonly config: Readonly<Record<string, unknown>>
      readonly scheme: { readonly name: string; readonly config?: object }
    }
  >
> = {
  'llama none': { config: llama, scheme: { name: 'none' } },
  'llama linear': { config: llama, scheme: { name: 'linear' } },
  'llama ntk': { config: llama, scheme: { name: 'ntk' } },
  'llama yarn': { config: llama, scheme: { name: 'yarn' } },
  'llama yarn, knobs': {
    config: { ...llama, attention_bias: true, mlp_bias: true, hidden_act: 'gelu' },
    scheme: { name: 'yarn', config: { betaFast: 16, betaSlow: 2, attentionFactor: 1.3 } }
  },
  'llama yarn-revised': { config: llama, scheme: { name: 'yarn-revised' } },
  'llama llama3': {
    config: { ...llama, rope_theta: 500000 },
    scheme: { name: 'llama3', config: { lowFreqFactor: 1, highFreqFactor: 4 } }
  },
  'llama longrope': {
    config: llama,
    scheme: { name: 'longrope', config: { shortFactor: [1, 1, 1, 1], longFactor: factors(4, 8) } }
  },
  'mistral, a sliding window, linear': { config: mistral, scheme: { name: 'linear' } },
  'qwen2, a sliding layer, yarn': { config: qwen2, scheme: { name: 'yarn' } },
  'qwen3 yarn': { config: qwen3, scheme: { name: 'yarn' } },
  'olmo2 yarn': { config: olmo2, scheme: { name: 'yarn' } },
  'granite linear': { config: granite, scheme: { name: 'linear' } },
  'smollm3 yarn': { config: smollm3, scheme: { name: 'yarn' } },
  'stablelm yarn': { config: stablelm, scheme: { name: 'yarn' } },
  'stablelm parallel, ntk': { config: { ...stablelm, use_parallel_residual: true }, scheme: { name: 'ntk' } },
  'phi3 yarn, as a table': { config: phi3, scheme: { name: 'yarn' } },
  'phi3 longrope, a part of a head': {
    config: { ...phi3, partial_rotary_factor: 0.75, sliding_window: null, hidden_size: 64 },
    scheme: { name: 'longrope', config: { shortFactor: factors(6, 2), longFactor: factors(6, 8) } }
  },
  'phi yarn': { config: phi, scheme: { name: 'yarn' } },
  'gemma linear': { config: gemma, scheme: { name: 'linear' } },
  'gemma2 yarn': { config: gemma2, scheme: { name: 'yarn' } },
  'gemma3 linear': { config: gemma3, scheme: { name: 'linear' } },
  'gemma3 yarn': { config: gemma3, scheme: { name: 'yarn' } },
  'olmo3 yarn': { config: olmo3, scheme: { name: 'yarn' } },
  'gpt_neox linear': { config: gptneox, scheme: { name: 'linear' } },
  'gpt_neox yarn': { config: gptneox, scheme: { name: 'yarn' } },
  'gpt_neox longrope': {
    config: { ...gptneox, use_parallel_residual: false },
    scheme: { name: 'longrope', config: { shortFactor: [1, 1], longFactor: factors(2, 8) } }
  },
  'gptj none': { config: gptj, scheme: { name: 'none' } },
  'gptj linear': { config: gptj, scheme: { name: 'linear' } },
  'gptj yarn': { config: gptj, scheme: { name: 'yarn' } },
  'gptj llama3': {
    config: { ...gptj, activation_function: 'relu' },
    scheme: { name: 'llama3', config: { lowFreqFactor: 1, highFreqFactor: 4 } }
  },
  'gptj longrope': {
    config: { ...gptj, rotary_dim: 8 },
    scheme: { name: 'longrope', config: { shortFactor: [1, 1, 1, 1], longFactor: factors(4, 8) } }
  }
}

/** Extends the model of a configuration, with random weights, as `skipwise extend` writes it. */
async function writeModel(folder: string, { config, scheme }: (typeof cases)[string]): Promise<void> {
  const { model, rope } = defineModel(config, parts)
  const interpolation = defaultRegistry.resolveUnknown('interpolation', scheme)
  await writeCheckpoint(
    folder,
    model.parameters.map(({ name, shape, initializer }) => {
      const random = randomStream({ seed: 0, stream: `extended ${name}` })
      return {
        name,
        shape,
        data: Float32Array.from(
          { length: sizeOf(shape) },
          () => (initializer === 'ones' ? 1 : 0) + 0.3 * random.normal()
        )
      }
    })
  )
  await writeModelConfig(
    folder,
    extendedConfig(
      { config, model },
      writeHuggingFaceRope(config, {
        name: scheme.name,
        interpolation,
        geometry: { ...rope.geometry, targetLength: TARGET }
      })
    )
  )
  await writeFile(join(folder, 'input.json'), JSON.stringify({ ids: [...ids], positionIds: [...positionIds] }))
}

/** Logits [T, V] of a model folder, with the RoPE of its `config.json`. */
async function logitsOf(folder: string): Promise<HostData> {
  const { model, encoding, rope } = defineModel(await readModelConfig(folder), parts)
  const shape = { batch: 1, length: T }
  const frequencies = defaultRegistry
    .resolveUnknown('interpolation', rope)
    .frequencies({ ...rope.geometry, length: TARGET })
  const { labels: _, labelWeights: __, ...batch } = batchSpecs(model, encoding, shape)
  const specs = { ...parameterSpecs(model), ...batch }
  const graph = trace(
    'logits',
    inputs => ({
      logits: logits(
        forward(model, encoding, inputs, {
          batch: 1,
          softmaxScale: frequencies.softmaxScale,
          ids: inputs.ids as tf.Tensor1D,
          cos: inputs.cos as tf.Tensor3D,
          sin: inputs.sin as tf.Tensor3D
        })
      )
    }),
    specs
  )
  const checkpoint = await openCheckpoint(folder)
  const data: Record<string, HostData> = { ids, ...positionTables(encoding, model.geometry, positionIds, frequencies) }
  for (const { name } of model.parameters) data[name] = await checkpoint.read(name)
  await checkpoint.close()
  const program = await executor.compile(graph)
  return (
    await executor.read(
      (
        await program.run(
          Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, executor.upload(spec, data[name])]))
        )
      ).logits
    )
  ).slice()
}

describe(`a model that we extended has the logits of ${golden.origin} up to L_t`, () => {
  test.each(Object.keys(cases))('%s', async name => {
    const folder = join(root, name)
    await writeModel(folder, cases[name])
    expect(await readModelConfig(folder)).toEqual(golden.cases[name].config)
    expect(await logitsOf(folder)).toBeAllclose(golden.cases[name].logits, { absolute: 1e-4 })
  })
})
