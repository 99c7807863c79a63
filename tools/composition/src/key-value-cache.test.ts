import { baichuan } from '@skipwise/arch-baichuan'
import { gptj } from '@skipwise/arch-gptj'
import { gptneox } from '@skipwise/arch-gptneox'
import { llama } from '@skipwise/arch-llama'
import { phi } from '@skipwise/arch-phi'
import { randomStream } from '@skipwise/core'
import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { openTfjsExecutor } from '@skipwise/executor-tfjs'
import { createLanguageModel } from '@skipwise/inference'
import type { PositionalEncoding } from '@skipwise/nn'
import { alibi, rotaryHalf, rotaryInterleaved } from '@skipwise/positional-encodings'
import type { Executor } from '@skipwise/runtime'
import {
  byteTokenizer,
  logProbabilities,
  matchers,
  plainFrequencies,
  randomWeights,
  uncachedLogits
} from '@skipwise/testing'
import { describe, expect, test } from 'vitest'

expect.extend(matchers)

const V = 40
const CHUNK = 8
const encodings: Readonly<Record<string, PositionalEncoding>> = {
  'rotary-half': rotaryHalf(),
  'rotary-interleaved': rotaryInterleaved(),
  alibi: alibi()
}

const llamaLike = {
  vocab_size: V,
  hidden_size: 24,
  intermediate_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 3,
  num_key_value_heads: 1,
  head_dim: 8,
  max_position_embeddings: 128
}
const baichuanLike = {
  model_type: 'baichuan',
  vocab_size: V,
  hidden_size: 24,
  intermediate_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 3,
  model_max_length: 128
}
const models = {
  LLaMA: llama().define({ ...llamaLike, model_type: 'llama' }),
  'Mistral with a sliding window': llama().define({ ...llamaLike, model_type: 'mistral', sliding_window: 11 }),
  'Qwen2 with a sliding layer, heads of 6': llama().define({
    ...llamaLike,
    model_type: 'qwen2',
    head_dim: 6,
    use_sliding_window: true,
    sliding_window: 5,
    max_window_layers: 1
  }),
  Qwen3: llama().define({ ...llamaLike, model_type: 'qwen3', tie_word_embeddings: true }),
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
    n_embd: 24,
    n_layer: 2,
    n_head: 3,
    n_positions: 128,
    rotary_dim: 4,
    n_inner: 32
  }),
  'GPT-NeoX': gptneox().define({
    model_type: 'gpt_neox',
    vocab_size: V,
    hidden_size: 24,
    intermediate_size: 32,
    num_hidden_layers: 2,
    num_attention_heads: 3,
    max_position_embeddings: 128,
    rotary_pct: 0.5
  }),
  'Phi-2': phi().define({
    model_type: 'phi',
    vocab_size: V,
    hidden_size: 24,
    intermediate_size: 32,
    num_hidden_layers: 2,
    num_attention_heads: 3,
    max_position_embeddings: 128
  }),
  'Baichuan2-7B': baichuan().define({ ...baichuanLike, position_embedding: 'rope', normalized_head: true }),
  'Baichuan-13B': baichuan().define({ ...baichuanLike, position_embedding: 'alibi', normalized_head: false })
}

function randomIds(length: number, vocabSize: number): Int32Array {
  const random = randomStream({ seed: 0, stream: 'ids' })
  return Int32Array.from({ length }, () => random.integer(0, vocabSize - 1))
}

const executors: Readonly<Record<string, () => Promise<Executor>>> = {
  onnx: () => openOnnxExecutor({ threads: 1 }),
  tfjs: () => openTfjsExecutor('cpu')
}

describe.each(Object.entries(models))('scores and tokens with a key/value cache are those without, %s', (_, model) => {
  test.each(Object.keys(executors))(
    'on %s, at the ends of chunks and of caches, and while the cache grows',
    async name => {
      const executor = await executors[name]()
      const encoding = encodings[model.positionalEncoding]
      const frequencies = plainFrequencies(model.geometry.rotaryDim || 2)
      const weights = randomWeights(model)
      const lengths = name === 'onnx' ? [2, 8, 9, 10, 16, 17, 18, 32, 33, 34, 64, 65, 66, 70] : [9, 10, 18]
      const longest = lengths.at(-1) as number
      const ids = randomIds(longest, V)
      const logits = await uncachedLogits(executor, { model, encoding, frequencies, weights }, ids)
      const expected = logProbabilities(logits, ids, V)
      const languageModel = await createLanguageModel({
        name,
        model,
        encoding,
        executor,
        frequencies,
        weights,
        tokenizer: byteTokenizer(),
        maxLength: 128,
        options: { chunk: CHUNK }
      })
      for (const n of lengths)
        expect(await languageModel.score(ids.subarray(0, n)), `${n} tokens`).toBeAllclose(expected.subarray(0, n - 1), {
          absolute: 1e-5
        })

      // token by token: what is generated is what a pass over everything before it ranks first
      const generated = [...ids.subarray(0, 5)]
      for await (const id of languageModel.generate(ids.subarray(0, 5), { maxNewTokens: name === 'onnx' ? 40 : 8 }))
        generated.push(id)
      const whole = await uncachedLogits(
        executor,
        { model, encoding, frequencies, weights },
        Int32Array.from(generated)
      )
      for (let t = 5; t < generated.length; t++) {
        const row = whole.subarray((t - 1) * V, t * V)
        expect(row[generated[t]], `token ${t}`).toBeGreaterThan(Math.max(...row) - 1e-5)
      }
      languageModel.dispose()
      await executor.dispose()
    }
  )
})
