// Prefill and decode of a LLaMA with random weights, in one process of its own.
//
// usage: node tools/bench/src/inference.mjs '{"d":256,"L":4,…}' PROMPT NEW_TOKENS [CHUNK] [THREADS]
// Needs the built workspace (npm run setup -- --build). Prints one JSON line with the keys of torch_inference.py.
import { llama } from '@skipwise/arch-llama'
import { createRegistry, randomStream } from '@skipwise/core'
import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { createLanguageModel } from '@skipwise/inference'
import { none } from '@skipwise/interpolation'
import { rotaryHalf } from '@skipwise/positional-encodings'
import { initializeWeights } from '@skipwise/training'

const [shape = '{}', prompt = '4096', newTokens = '32', chunk = '512', threads = '2'] = process.argv.slice(2)
const config = { d: 256, L: 4, h: 4, kv: 4, ff: 688, V: 2048, ...JSON.parse(shape) }
const length = Number(prompt)
const maxLength = length + Number(newTokens)
const registry = createRegistry().register(llama, none, rotaryHalf)
const model = registry.resolve('architecture', 'llama', {}).define({
  model_type: 'llama',
  vocab_size: config.V,
  hidden_size: config.d,
  intermediate_size: config.ff,
  num_hidden_layers: config.L,
  num_attention_heads: config.h,
  num_key_value_heads: config.kv,
  max_position_embeddings: maxLength
})
const executor = await openOnnxExecutor({ threads: Number(threads) })
const languageModel = await createLanguageModel({
  name: 'random',
  model,
  executor,
  maxLength,
  weights: initializeWeights(model, { seed: 0 }),
  encoding: registry.resolve('positional-encoding', 'rotary-half', {}),
  frequencies: registry.resolve('interpolation', 'none', {}).frequencies({
    rotaryDim: model.geometry.rotaryDim,
    base: 10000,
    originalLength: maxLength,
    targetLength: maxLength
  }),
  tokenizer: {
    vocabSize: config.V,
    bosId: undefined,
    eosId: undefined,
    addBos: false,
    encode: () => new Int32Array(0),
    decode: () => ''
  },
  options: { chunk: Number(chunk) }
})
const random = randomStream({ seed: 0, stream: 'bench' })
const ids = Int32Array.from({ length }, () => random.integer(0, config.V - 1))
const times = []
let at = performance.now()
for await (const _ of languageModel.generate(ids, { maxNewTokens: Number(newTokens) })) {
  times.push(performance.now() - at)
  at = performance.now()
}
const [prefill, ...steps] = times
const decode = steps.toSorted((a, b) => a - b)[steps.length >> 1]
languageModel.dispose()
console.log(
  JSON.stringify({
    engine: `skipwise ${executor.name} (${executor.device}) f32`,
    config,
    prompt: length,
    prefill_s: prefill / 1000,
    prefill_tokens_per_s: (length / prefill) * 1000,
    decode_tokens_per_s: 1000 / decode,
    peak_rss_mb: process.resourceUsage().maxRSS / 1000
  })
)
