import { llama } from '@skipwise/arch-llama'
import { createRegistry, letEventsIn, randomStream, validate, type TrainingExample, type Window } from '@skipwise/core'
import { tokenCount } from '@skipwise/evaluation'
import type { Executor } from '@skipwise/runtime'
import { completeOptions, initializeWeights, Trainer, type StrategyName, type TrainerSetup } from '@skipwise/training'
import { z } from 'zod'
import { defaultRegistry } from './registry.js'

const WARM_UP = 3
const MEASURED = 9

/** How steps are measured. */
export interface BenchOptions {
  /** Default `whole`. */
  readonly strategy?: Exclude<StrategyName, 'spaco'> | undefined
  /** Steps of which the median is taken; default 9. */
  readonly measured?: number | undefined
  /** Looked at between steps and micro-batches. */
  readonly signal?: AbortSignal | undefined
}

const shapeSchema = z.strictObject({
  d: z.int().min(1).default(256),
  L: z.int().min(1).default(4),
  h: z.int().min(1).default(4),
  kv: z.int().min(1).optional(),
  ff: z.int().min(1).default(688),
  V: z.int().min(1).default(2048),
  T: tokenCount(2).default(512),
  B: z.int().min(1).default(4),
  target: tokenCount(2)
    .optional()
    .describe('L_t: examples of T tokens whose positions skip, by PoSE; default T, contiguous')
})

/** A measurement of training steps; the keys of ../shared/bench/torch_train_step.py. */
export interface BenchResult {
  readonly engine: string
  readonly config: Readonly<Record<string, number | undefined>>
  readonly params: number
  /** The first step: what the executor compiles at its first run is in it. */
  readonly first_step_ms: number
  /** Median of the measured steps after 3 for warming up: batch, forward, backward, clipping, AdamW. */
  readonly ms_per_step: number
  readonly tokens_per_s: number
  /** 6 N + 12 L d T floating-point operations a token, the embedding not counted in N. */
  readonly gflops: number
  readonly peak_rss_mb: number
}

/** What training steps of a LLaMA with random weights are made of. @throws SkipwiseError `BENCH_MODEL` */
export function benchSetup(
  shape: unknown,
  executor: Executor,
  { strategy = 'whole', measured = MEASURED }: BenchOptions = {}
) {
  const parsed = validate(shapeSchema, shape, 'BENCH_MODEL', '--model')
  const config = { ...parsed, kv: parsed.kv ?? parsed.h }
  const { d, L, h, kv, ff, V, T, B, target = T } = config
  const window = { original: T, target }
  const model = createRegistry().register(llama).resolve('architecture', 'llama', {}).define({
    model_type: 'llama',
    vocab_size: V,
    hidden_size: d,
    intermediate_size: ff,
    num_hidden_layers: L,
    num_attention_heads: h,
    num_key_value_heads: kv,
    max_position_embeddings: T
  })
  const { rotaryDim } = model.geometry
  const interpolation =
    target === T
      ? defaultRegistry.resolve('interpolation', 'none', {})
      : defaultRegistry.resolve('interpolation', 'linear', {})
  const frequencies = interpolation.frequencies({ rotaryDim, base: 10000, originalLength: T, targetLength: target })
  const options = completeOptions({
    steps: WARM_UP + measured,
    batch: B,
    learningRate: 1e-3,
    warmup: 0,
    weightDecay: 0.01,
    strategy
  })
  const setup: TrainerSetup = {
    model,
    encoding: defaultRegistry.resolve('positional-encoding', 'rotary-half', {}),
    frequencies,
    executor,
    window,
    options
  }
  return { config, setup, example: (index: number) => randomExample(index, setup.window, V) }
}

/** Measures training steps of a LLaMA with random weights on random tokens. @throws SkipwiseError `BENCH_MODEL` */
export async function benchTrain(shape: unknown, executor: Executor, bench: BenchOptions = {}): Promise<BenchResult> {
  const { config, setup, example } = benchSetup(shape, executor, bench)
  const { model, options } = setup
  const { d, L, V, T, B } = config
  const trainer = await Trainer.create(setup, initializeWeights(model, { seed: 0 }))
  const times: number[] = []
  // positions are drawn again for every example, as in training
  for (let step = 0; step < options.steps; step++) {
    await letEventsIn(bench.signal)
    const examples = Array.from({ length: B }, (_, i) => example(step * B + i))
    const started = performance.now()
    await trainer.gradients(examples, 0, bench.signal)
    await trainer.update(step, options.learningRate)
    times.push(performance.now() - started)
  }
  await trainer.dispose()
  const ms = times.slice(WARM_UP).sort((a, b) => a - b)[(times.length - WARM_UP) >> 1]
  const tokens = B * T
  const params = model.parameters.reduce(
    (sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1),
    0
  )
  const operations = (6 * (params - V * d) + 12 * L * d * T) * tokens
  return {
    engine: `skipwise ${executor.name} (${executor.device})`,
    config,
    params,
    first_step_ms: times[0],
    ms_per_step: ms,
    tokens_per_s: (tokens / ms) * 1000,
    gflops: operations / ms / 1e6,
    peak_rss_mb: process.resourceUsage().maxRSS / 1000
  }
}

function randomExample(index: number, window: Window, V: number): TrainingExample {
  const { original: T, target } = window
  const random = randomStream({ seed: 0, stream: 'bench', index })
  const ids = Int32Array.from({ length: T }, () => random.integer(0, V - 1))
  if (target > T)
    return defaultRegistry.resolve('position-transform', 'pose', {}).example(ids, window, { seed: 0, epoch: 0, index })
  return { ids, positionIds: Int32Array.from({ length: T }, (_, t) => t), labelMask: new Uint8Array(T).fill(1, 1) }
}
