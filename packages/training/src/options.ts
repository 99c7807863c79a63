import { SkipwiseError, withoutUndefined, type WithoutUndefined } from '@skipwise/core'
import type { GuardOptions } from './guard.js'
import { MAX_BATCH, MAX_EXAMPLES } from './limits.js'
import type { LoraOptions } from './lora.js'
import type { AverageOptions } from './weight-average.js'

/**
 * How gradients are computed: `whole`, one program with the activations of all layers in memory; `blockwise`, layer by
 * layer with the activations of one, each layer computed twice; `seco`, chunk by chunk of the sequence with the
 * activations of one chunk and the keys and values of all, each chunk computed twice; or `spaco`, the same with only
 * some chunks backward. The numbers of the first three are the same but for rounding, those of `spaco` are so in
 * expectation.
 */
export type StrategyName = 'whole' | 'blockwise' | 'seco' | 'spaco'

/** All names, fastest first. */
export const strategyNames: readonly StrategyName[] = ['whole', 'blockwise', 'seco', 'spaco']

/** Whether a text names a strategy. */
export const isStrategy = (text: string): text is StrategyName => strategyNames.includes(text as StrategyName)

/** How `seco` cuts sequences. */
export interface SecoOptions {
  /** Tokens of a chunk, at most the window. Default 512. */
  readonly chunk?: number | undefined
}

/** How `spaco` cuts sequences and draws chunks. */
export interface SpacoOptions extends SecoOptions {
  /** Chunks of a sequence that go backward, about: at least so many, seldom more. */
  readonly chunks: number
  /**
   * Most that a gradient from later chunks is multiplied by. The paper advises 2 for less variance; gradients are then
   * biased. Default no bound.
   */
  readonly maxCompensation?: number | undefined
  /** Of the draws. Default 0. */
  readonly seed?: number | undefined
}

/** A strategy as it is asked for. */
export type StrategyOption =
  'auto' | Exclude<StrategyName, 'spaco'> | { readonly seco: SecoOptions } | { readonly spaco: SpacoOptions }

/** Options of the strategies that cut sequences. */
export interface ChunkwiseOptions extends Omit<SpacoOptions, 'chunk' | 'chunks'> {
  readonly chunk: number
  /** Of `spaco`. */
  readonly chunks?: number | undefined
}

const DEFAULT_CHUNK = 512

/** Hyperparameters of a training run. */
export interface TrainingOptions {
  /** Optimizer steps of the whole run. */
  readonly steps: number
  /** Examples of one optimizer step. */
  readonly batch: number
  /**
   * Examples computed at once; divides `batch`. Default: `batch`. Gradients are accumulated exactly, so this changes
   * only memory.
   */
  readonly microBatch?: number | undefined
  /** How gradients are computed. Default `auto`: the fastest that fits in memory, by a plan made before the run. */
  readonly strategy?: StrategyOption | undefined
  /** Memory that the process may use, 10⁹ bytes; default 90 % of what the machine has available. */
  readonly memoryLimit?: number | undefined
  /** Peak learning rate. */
  readonly learningRate: number
  /** Learning rate of the last step as a fraction of the peak. Default 0. */
  readonly finalLearningRate?: number | undefined
  /** How the rate falls after the warm-up. Default 'linear', the paper's. */
  readonly schedule?: 'linear' | 'cosine' | 'constant' | undefined
  /** Steps of linear warm-up. Default 10, the paper's. */
  readonly warmup?: number | undefined
  /**
   * Decoupled weight decay of matrices; vectors (norms, biases) have none. Default 0, as Hugging Face's Trainer and
   * PoSE.
   */
  readonly weightDecay?: number | undefined
  readonly beta1?: number | undefined
  readonly beta2?: number | undefined
  readonly epsilon?: number | undefined
  /** Gradients are clipped to this global norm. Default 1. */
  readonly maxGradientNorm?: number | undefined
  /** State is saved after this many steps. Default 100. */
  readonly checkpointEvery?: number | undefined
  /**
   * Parameters that stay as they are, by patterns of names in which `*` stands for any characters: no gradient, no
   * optimizer state.
   */
  readonly freeze?: readonly string[] | undefined
  /** Train low-rank adapters and leave the model itself as it is. */
  readonly lora?: LoraOptions | undefined
  /** Give the moving average of the weights instead of the last ones. */
  readonly ema?: AverageOptions | undefined
  /** What to do about spikes of loss and gradient norm; without it, a run stops at a value that is not finite. */
  readonly guard?: GuardOptions | undefined
}

/** Options with every default filled in; what has none stays absent. */
export type CompleteTrainingOptions = Required<
  WithoutUndefined<Omit<TrainingOptions, 'strategy' | 'freeze' | 'lora' | 'ema' | 'guard' | 'memoryLimit'>>
> &
  WithoutUndefined<Pick<TrainingOptions, 'freeze' | 'lora' | 'ema' | 'guard' | 'memoryLimit'>> & {
    readonly strategy: 'auto' | StrategyName
    readonly chunkwise: ChunkwiseOptions
  }

/** Fills in defaults and checks ranges; complete options stay as they are. @throws SkipwiseError `TRAINING_OPTIONS` */
export function completeOptions(options: TrainingOptions | CompleteTrainingOptions): CompleteTrainingOptions {
  const complete: CompleteTrainingOptions = {
    microBatch: options.batch,
    finalLearningRate: 0,
    schedule: 'linear',
    warmup: 10,
    weightDecay: 0,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    maxGradientNorm: 1,
    checkpointEvery: 100,
    ...withoutUndefined({
      ...options,
      lora: options.lora && withoutUndefined(options.lora),
      ema: options.ema && withoutUndefined(options.ema),
      guard: options.guard && withoutUndefined(options.guard)
    }),
    ...strategyOf(options)
  }
  const { steps, batch, microBatch, learningRate } = complete
  if (batch > MAX_BATCH)
    throw optionsError(`batch is ${batch}`, `use at most ${MAX_BATCH}: the examples of a step are in memory together`)
  if (steps * batch > MAX_EXAMPLES) {
    throw optionsError(
      `${steps} steps of ${batch} are ${steps * batch} examples`,
      `use at most ${MAX_EXAMPLES} examples: a run of more would take years`
    )
  }
  if (!Number.isInteger(steps) || steps < 1) throw optionsError(`steps is ${steps}`, 'use a whole number of at least 1')
  if (!Number.isInteger(batch / microBatch) || microBatch < 1)
    throw optionsError(`microBatch ${microBatch} does not divide batch ${batch}`, 'use a divisor of batch')
  if (!(learningRate > 0)) throw optionsError(`learningRate is ${learningRate}`, 'use a positive number')
  if (complete.lora && !(Number.isInteger(complete.lora.rank) && complete.lora.rank >= 1))
    throw optionsError(`lora.rank is ${complete.lora.rank}`, 'use a whole number of at least 1')
  if (complete.memoryLimit !== undefined && !(complete.memoryLimit > 0))
    throw optionsError(`memoryLimit is ${complete.memoryLimit}`, 'use a positive number of 10⁹ bytes')
  if (complete.ema && !(complete.ema.decay > 0 && complete.ema.decay < 1))
    throw optionsError(`ema.decay is ${complete.ema.decay}`, 'use a number between 0 and 1')
  return complete
}

/** A strategy by its name, with its options. */
function strategyOf(
  options: TrainingOptions | CompleteTrainingOptions
): Pick<CompleteTrainingOptions, 'strategy' | 'chunkwise'> {
  if ('chunkwise' in options) return options
  const asked = options.strategy ?? 'auto'
  if (typeof asked === 'string') return { strategy: asked, chunkwise: { chunk: DEFAULT_CHUNK } }
  const [strategy, given] = 'seco' in asked ? (['seco', asked.seco] as const) : (['spaco', asked.spaco] as const)
  const chunkwise: ChunkwiseOptions = { chunk: DEFAULT_CHUNK, ...withoutUndefined(given) }
  const { chunk, chunks, maxCompensation } = chunkwise
  if (!Number.isInteger(chunk) || chunk < 1)
    throw optionsError(`strategy.${strategy}.chunk is ${chunk}`, 'use a whole number of tokens of at least 1')
  if (strategy === 'spaco' && !(Number.isInteger(chunks) && (chunks as number) >= 1))
    throw optionsError(
      `strategy.spaco.chunks is ${chunks}`,
      'set how many chunks of a sequence go backward, at least 1'
    )
  if (maxCompensation !== undefined && !(maxCompensation >= 1))
    throw optionsError(`strategy.spaco.maxCompensation is ${maxCompensation}`, 'use a number of at least 1')
  return { strategy, chunkwise }
}

const optionsError = (problem: string, fix: string) => new SkipwiseError('TRAINING_OPTIONS', { problem, fix })

/**
 * Learning rate of a step: linear warm-up to the peak, then the chosen fall to `finalLearningRate` of it.
 *
 * @param step 0 … steps − 1
 */
export function learningRateAt(step: number, options: CompleteTrainingOptions): number {
  const { learningRate, warmup, steps, schedule, finalLearningRate } = options
  if (step < warmup) return (learningRate * (step + 1)) / warmup
  const progress = (step - warmup) / Math.max(1, steps - warmup)
  const remaining =
    schedule === 'constant' ? 1 : schedule === 'linear' ? 1 - progress : (1 + Math.cos(Math.PI * progress)) / 2
  return learningRate * (finalLearningRate + (1 - finalLearningRate) * remaining)
}
