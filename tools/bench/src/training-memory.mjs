// Memory and time of training strategies, each measurement in a process of its own, next to what the memory plan said;
// and resident memory over many steps. Prints one JSON document. Run `npm run build` first; see
// docs/adr/0010-memory-plan.md.
//
//   node tools/bench/src/training-memory.mjs            strategies at L = 4 and L = 16, plan against measurement
//   node tools/bench/src/training-memory.mjs steady     resident memory over 2,000 steps of a small shape
//   node tools/bench/src/training-memory.mjs long 8192  one sequence of that many tokens a step: whole, layer by layer,
//   chunk by chunk (docs/adr/0011-chunkwise-training.md)
//
// On TensorFlow (docs/executors.md) with SKIPWISE_EXECUTOR=tensorflow.
import { llama } from '@skipwise/arch-llama'
import { randomStream } from '@skipwise/core'
import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { openTensorFlowExecutor } from '@skipwise/executor-tensorflow'
import { rotaryHalf } from '@skipwise/positional-encodings'
import { completeOptions, initializeWeights, planMemory, Trainer } from '@skipwise/training'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const THREADS = 2
/** Steps between samples of resident memory. */
const SAMPLE = 10
const shapes = [
  { T: 512, B: 4 },
  { T: 2048, B: 1 },
  { d: 512, h: 8, ff: 1376, V: 8192, T: 1024, B: 2 }
]

function inChild(job) {
  return JSON.parse(
    execFileSync(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), 'child', JSON.stringify(job)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit']
    })
  )
}

/**
 * Both strategies at two depths: how memory beyond weights and optimizer state grows, and what computing again costs.
 */
function compare(shape) {
  const of = (L, strategy) => inChild({ shape: { ...shape, L }, strategy, steps: 9 })
  const runs = [4, 16].map(L => ({ L, whole: of(L, 'whole'), blockwise: of(L, 'blockwise') }))
  const [few, many] = runs
  const beyond = run => run.peakBytes - 3 * run.parameterBytes
  const beyondState = run => run.peakBytes - 4 * run.parameterBytes
  return {
    shape,
    runs: runs.map(({ L, ...strategies }) => ({
      L,
      ...Object.fromEntries(Object.entries(strategies).map(([name, run]) => [name, summary(run)]))
    })),
    blockwise_peak_beyond_weights_and_optimizer_16_over_4: round(beyond(many.blockwise) / beyond(few.blockwise)),
    blockwise_peak_beyond_weights_optimizer_and_gradients_16_over_4: round(
      beyondState(many.blockwise) / beyondState(few.blockwise)
    ),
    whole_peak_beyond_weights_and_optimizer_16_over_4: round(beyond(many.whole) / beyond(few.whole)),
    blockwise_time_over_whole: Object.fromEntries(
      runs.map(({ L, whole, blockwise }) => [L, round(blockwise.msPerStep / whole.msPerStep)])
    )
  }
}

/** Whole sequences in one, layer by layer, and chunk by chunk with all or some chunks backward. */
const long = (T, strategies) => ({
  T,
  runs: strategies.map(strategy => ({ strategy, ...summary(inChild({ shape: { T, B: 1 }, strategy, steps: 3 })) }))
})
const longStrategies = [
  'whole',
  'blockwise',
  { seco: { chunk: 512 } },
  { seco: { chunk: 1024 } },
  { spaco: { chunk: 512, chunks: 4 } }
]

const summary = run => ({
  peak_mb: Math.round(run.peakBytes / 1e6),
  planned_mb: Math.round(run.plannedBytes / 1e6),
  planned_over_peak: round(run.plannedBytes / run.peakBytes),
  ms_per_step: round(run.msPerStep)
})

/**
 * Whether memory stays where it was after warming up: the means of two tenths of the run are compared, each sample
 * after a garbage collection, since V8 lets tens of megabytes of garbage accumulate before it collects such a small
 * heap.
 */
function steady({ residentBytes, ...run }) {
  const tenth = Math.floor(residentBytes.length / 10)
  const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length
  const early = mean(residentBytes.slice(tenth, 2 * tenth))
  const late = mean(residentBytes.slice(-tenth))
  return {
    ...summary(run),
    steps: residentBytes.length * SAMPLE,
    early_mb: round(early / 1e6),
    late_mb: round(late / 1e6),
    growth_percent: round((100 * (late - early)) / early)
  }
}

const round = value => Math.round(value * 1000) / 1000

async function measure({ shape, strategy, steps }) {
  const { d = 256, L = 4, h = 4, ff = 688, V = 2048, T = 512, B = 4 } = shape
  const model = llama().define({
    model_type: 'llama',
    vocab_size: V,
    hidden_size: d,
    intermediate_size: ff,
    num_hidden_layers: L,
    num_attention_heads: h,
    max_position_embeddings: T
  })
  const { rotaryDim } = model.geometry
  const executor = await (process.env.SKIPWISE_EXECUTOR === 'tensorflow' ? openTensorFlowExecutor : openOnnxExecutor)({
    threads: THREADS
  })
  const frequencies = {
    inverseFrequencies: Float64Array.from({ length: rotaryDim / 2 }, (_, i) => 1e4 ** ((-2 * i) / rotaryDim)),
    attentionFactor: 1,
    softmaxScale: 1
  }
  const options = completeOptions({ steps, batch: B, learningRate: 1e-3, warmup: 0, strategy })
  const setup = {
    model,
    encoding: rotaryHalf(),
    frequencies,
    executor,
    window: { original: T, target: T },
    options
  }
  const weights = initializeWeights(model, { seed: 0 })
  const plan = planMemory(setup)
  const trainer = await Trainer.create(setup, weights)
  const examples = Array.from({ length: B }, (_, i) => example(i, T, V))
  const times = []
  const residentBytes = []
  for (let step = 0; step < steps; step++) {
    const started = performance.now()
    await trainer.gradients(examples)
    await trainer.update(step, 1e-3)
    times.push(performance.now() - started)
    if (steps > 100 && step % SAMPLE === SAMPLE - 1) {
      globalThis.gc()
      residentBytes.push(process.memoryUsage.rss())
    }
  }
  const warm = times.slice(Math.min(3, Math.ceil(steps / 3))).sort((a, b) => a - b)
  // the weights that training started from stay in memory, as in a run
  return {
    parameterBytes: plan.weights * Number(weights.size > 0),
    plannedBytes: plan.strategies[options.strategy].peak,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    msPerStep: warm[warm.length >> 1],
    residentBytes
  }
}

function example(index, T, V) {
  const random = randomStream({ seed: 0, stream: 'bench', index })
  return {
    ids: Int32Array.from({ length: T }, () => random.integer(0, V - 1)),
    positionIds: Int32Array.from({ length: T }, (_, t) => t),
    labelMask: new Uint8Array(T).fill(1, 1)
  }
}

const [, , mode = 'strategies', given] = process.argv
const print = value => console.log(JSON.stringify(value, null, 2))
if (mode === 'child') print(await measure(JSON.parse(given)))
else if (mode === 'steady')
  print(
    steady(
      inChild({ shape: { d: 64, L: 2, h: 2, ff: 172, V: 256, T: 128, B: 2 }, strategy: given ?? 'whole', steps: 2000 })
    )
  )
else if (mode === 'long')
  print(long(Number(given ?? 8192), process.argv[4] ? [JSON.parse(process.argv[4])] : longStrategies))
else print({ threads: THREADS, comparisons: (given ? [JSON.parse(given)] : shapes).map(compare) })
