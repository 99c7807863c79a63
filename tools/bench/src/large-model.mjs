// Training steps of adapters on a large model with random weights at rest, or PEFT's on the same shape: one of them a
// process. Prints a JSON line. Run `npm run build` first.
//
//   node tools/bench/src/large-model.mjs 1.2b bf16                     LoRA of the attention, T = 2,048, two steps
//   node tools/bench/src/large-model.mjs 7b int4 --steps 1             QLoRA
//   node tools/bench/src/large-model.mjs 1.2b bf16 --python VENV/bin/python   the same step by PEFT (bf16, recompute)
//   --executor tensorflow|tensorflow:bfloat16 (SKIPWISE_TFJS_NODE: docs/executors.md), --strategy whole|blockwise|seco,
//   --target 131072 (positions of PoSE), --rank 8, --length 2048
import { llama } from '@skipwise/arch-llama'
import { randomStream } from '@skipwise/core'
import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { openTensorFlowExecutor } from '@skipwise/executor-tensorflow'
import { storageOf } from '@skipwise/experiment'
import { rotaryHalf } from '@skipwise/positional-encodings'
import { pose } from '@skipwise/position-transforms'
import { sizeOf, storagesOf, storeWeight } from '@skipwise/runtime'
import { completeOptions, planMemory, Trainer } from '@skipwise/training'
import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

/** Sizes of models that people have: SmolLM2-135M, Qwen2.5-0.5B, Llama-3.2-1B, LLaMA-2-7B. */
const SHAPES = {
  '135m': { d: 576, L: 30, h: 9, kv: 3, ff: 1536, V: 49152, tied: true },
  '0.5b': { d: 896, L: 24, h: 14, kv: 2, ff: 4864, V: 151936, tied: true },
  '1.2b': { d: 2048, L: 16, h: 32, kv: 8, ff: 8192, V: 128256, tied: true },
  '7b': { d: 4096, L: 32, h: 32, kv: 32, ff: 11008, V: 32000, tied: false }
}
const TARGETS = ['q_proj', 'k_proj', 'v_proj', 'o_proj']
/** Rows of a matrix that are drawn; the others repeat them. */
const DRAWN_ROWS = 64

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: 'string', default: '2' },
    strategy: { type: 'string', default: 'auto' },
    target: { type: 'string' },
    rank: { type: 'string', default: '8' },
    length: { type: 'string', default: '2048' },
    executor: { type: 'string', default: 'onnx' },
    python: { type: 'string' }
  }
})
const [name = '1.2b', base = 'bf16'] = positionals
const shape = SHAPES[name]
const [steps, rank, T] = [values.steps, values.rank, values.length].map(Number)

const round = value => Math.round(value * 100) / 100

if (values.python) {
  const script = join(import.meta.dirname, '../../../../shared/bench/torch_lora_step.py')
  const config = JSON.stringify({ ...shape, T, B: 1, rank, targets: TARGETS })
  const args = [script, config, base === 'bf16' ? 'bf16' : 'f32', String(availableParallelism()), String(steps)]
  process.stdout.write(execFileSync(values.python, args, { stdio: ['ignore', 'pipe', 'inherit'] }))
} else console.log(JSON.stringify(await measure()))

/** A matrix of random numbers, at rest. */
function randomWeight(parameter) {
  const { name: stream, shape: size, initializer } = parameter
  if (initializer === 'ones') return new Float32Array(sizeOf(size)).fill(1)
  const [rows, columns] = size
  const random = randomStream({ seed: 0, stream })
  const drawn = Math.min(rows, DRAWN_ROWS)
  const numbers = Float32Array.from({ length: drawn * columns }, () => 0.02 * random.normal())
  const storage = storageOf(base)(parameter)
  if (storage === 'float32') return repeated(numbers, rows * columns)
  const { codes, scales, ...stored } = storeWeight(numbers, [drawn, columns], storage)
  const times = rows / drawn
  return {
    ...stored,
    shape: size,
    codes: repeated(codes, Math.round(codes.length * times)),
    ...(scales && { scales: repeated(scales, Math.round(scales.length * times)) })
  }
}

function repeated(numbers, length) {
  const all = new numbers.constructor(length)
  for (let at = 0; at < length; at += numbers.length) all.set(numbers.subarray(0, length - at), at)
  return all
}

async function measure() {
  const model = llama().define({
    model_type: 'llama',
    vocab_size: shape.V,
    hidden_size: shape.d,
    intermediate_size: shape.ff,
    num_hidden_layers: shape.L,
    num_attention_heads: shape.h,
    num_key_value_heads: shape.kv,
    max_position_embeddings: T,
    tie_word_embeddings: shape.tied
  })
  const { rotaryDim } = model.geometry
  const executor = await openExecutor(values.executor)
  const window = { original: T, target: Number(values.target ?? T) }
  const options = completeOptions({
    steps,
    batch: 1,
    learningRate: 1e-4,
    warmup: 0,
    strategy: values.strategy,
    lora: { rank, alpha: 2 * rank, targets: TARGETS, seed: 0 }
  })
  const weights = new Map(model.parameters.map(parameter => [parameter.name, randomWeight(parameter)]))
  const setup = {
    model,
    encoding: rotaryHalf(),
    frequencies: {
      inverseFrequencies: Float64Array.from({ length: rotaryDim / 2 }, (_, i) => 1e4 ** ((-2 * i) / rotaryDim)),
      attentionFactor: 1,
      softmaxScale: 1
    },
    executor,
    window,
    options,
    stored: storagesOf(weights)
  }
  const plan = planMemory(setup)
  const prepared = performance.now()
  const trainer = await Trainer.create({ ...setup, options: { ...options, strategy: plan.chosen } }, weights)
  const compileSeconds = (performance.now() - prepared) / 1000
  const times = []
  let loss
  for (let step = 0; step < steps; step++) {
    const started = performance.now()
    loss = (await trainer.gradients([example(step, window)])).loss
    await trainer.update(step, 1e-4)
    times.push((performance.now() - started) / 1000)
    process.stderr.write(`step ${step + 1}: ${times[step].toFixed(1)} s, loss ${loss.toFixed(4)}\n`)
  }
  const warm = (times.length > 1 ? times.slice(1) : times).sort((a, b) => a - b)
  const seconds = warm[warm.length >> 1]
  return {
    engine: `skipwise ${values.executor}, base ${base}, ${plan.chosen}`,
    config: { ...shape, T, rank, targets: TARGETS, target: window.target },
    params: model.parameters.reduce((sum, parameter) => sum + sizeOf(parameter.shape), 0),
    tokens_per_s: round(T / seconds),
    seconds_per_step: round(seconds),
    compile_seconds: round(compileSeconds),
    first_step_seconds: round(times[0]),
    planned_mb: Math.round(plan.strategies[plan.chosen].peak / 1e6),
    peak_rss_mb: Math.round((process.resourceUsage().maxRSS * 1024) / 1e6),
    loss: round(loss)
  }
}

function openExecutor(name) {
  return name === 'onnx' ? openOnnxExecutor() : openTensorFlowExecutor({ dtype: name.split(':')[1] })
}

function example(index, window) {
  const random = randomStream({ seed: 0, stream: 'bench', index })
  const ids = Int32Array.from({ length: T }, () => random.integer(0, shape.V - 1))
  return window.target > T
    ? pose().create().example(ids, window, { seed: 0, epoch: 0, index })
    : { ids, positionIds: Int32Array.from(ids, (_, t) => t), labelMask: new Uint8Array(T).fill(1, 1) }
}
