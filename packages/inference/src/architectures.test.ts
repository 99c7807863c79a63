import { baichuan } from '@skipwise/arch-baichuan'
import { gptj } from '@skipwise/arch-gptj'
import { llama } from '@skipwise/arch-llama'
import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { openTfjsExecutor } from '@skipwise/executor-tfjs'
import type { PositionalEncoding } from '@skipwise/nn'
import { alibi, rotaryHalf, rotaryInterleaved } from '@skipwise/positional-encodings'
import type { Executor } from '@skipwise/runtime'
import { matchers } from '@skipwise/testing'
import { describe, expect, test } from 'vitest'
import { plainFrequencies, randomIds, randomWeights, wholeLogits } from '../test/parts.js'
import { capacityFor, chunksOf } from './chunks.js'
import { KeyValueCache } from './key-value-cache.js'
import { Stepper } from './stepper.js'

expect.extend(matchers)

const V = 40, CHUNK = 8
const encodings: Readonly<Record<string, PositionalEncoding>> = { 'rotary-half': rotaryHalf.create({}), 'rotary-interleaved': rotaryInterleaved.create({}), alibi: alibi.create({}) }

const llamaLike = {
  vocab_size: V, hidden_size: 24, intermediate_size: 32, num_hidden_layers: 2, num_attention_heads: 3, num_key_value_heads: 1, head_dim: 8, max_position_embeddings: 128
}
const baichuanLike = { model_type: 'baichuan', vocab_size: V, hidden_size: 24, intermediate_size: 32, num_hidden_layers: 2, num_attention_heads: 3, model_max_length: 128 }
const models = {
  'LLaMA': llama.create({}).define({ ...llamaLike, model_type: 'llama' }),
  'Mistral with a sliding window': llama.create({}).define({ ...llamaLike, model_type: 'mistral', sliding_window: 11 }),
  'Qwen2 with a sliding layer, heads of 6': llama.create({}).define({ ...llamaLike, model_type: 'qwen2', head_dim: 6, use_sliding_window: true, sliding_window: 5, max_window_layers: 1 }),
  'Qwen3': llama.create({}).define({ ...llamaLike, model_type: 'qwen3', tie_word_embeddings: true }),
  'GPT-J': gptj.create({}).define({ model_type: 'gptj', vocab_size: V, n_embd: 24, n_layer: 2, n_head: 3, n_positions: 128, rotary_dim: 4, n_inner: 32 }),
  'Baichuan2-7B': baichuan.create({}).define({ ...baichuanLike, position_embedding: 'rope', normalized_head: true }),
  'Baichuan-13B': baichuan.create({}).define({ ...baichuanLike, position_embedding: 'alibi', normalized_head: false })
}

const executors: Readonly<Record<string, () => Promise<Executor>>> = { onnx: () => openOnnxExecutor({ threads: 1 }), tfjs: () => openTfjsExecutor('cpu') }

describe.each(Object.entries(models))('logits with a key/value cache are those without, %s', (_, model) => {
  test.each(Object.keys(executors))('on %s, at the ends of chunks and of caches, and while the cache grows', async name => {
    const executor = await executors[name](), encoding = encodings[model.positionalEncoding], frequencies = plainFrequencies(model.geometry.rotaryDim || 2)
    const lengths = name === 'onnx' ? [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 70] : [8, 9, 17], longest = lengths.at(-1) as number
    const ids = randomIds(longest, V), weights = randomWeights(model), stepper = await Stepper.open(model, encoding, executor, weights)
    const whole = await wholeLogits(executor, model, weights, frequencies, ids, encoding), expected = (n: number) => whole.slice((n - 1) * V, n * V)
    for (const n of lengths) {
      const cache = KeyValueCache.allocate(executor, model.geometry, capacityFor(n, CHUNK))
      for (const { begin, end, length } of chunksOf(n, CHUNK)) {
        const logits = await stepper.run(cache, { length, frequencies, ids: ids.subarray(begin, end), output: 'logits' })
        expect(logits, `token ${end} of ${n}`).toBeAllclose(expected(end), { absolute: 1e-5 })
      }
      cache.dispose()
    }
    const cache = KeyValueCache.allocate(executor, model.geometry, CHUNK)
    for (let n = 1; n <= longest; n++) {
      if (cache.length === cache.capacity) await cache.grow(2 * cache.capacity)
      const logits = await stepper.run(cache, { length: 1, frequencies, ids: ids.subarray(n - 1, n), output: 'logits' })
      expect(logits, `token ${n}, one by one`).toBeAllclose(expected(n), { absolute: 1e-5 })
    }
    cache.dispose()
    await stepper.dispose()
    await executor.dispose()
  })
})
