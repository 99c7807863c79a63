import { SkipwiseError } from '@skipwise/core'
import type { GuardOptions } from './guard.js'
import type { LoraOptions } from './lora.js'
import type { AverageOptions } from './weight-average.js'

/**
 * How gradients are computed: `whole`, one program with the activations of all layers in memory, or `blockwise`, layer by layer with the activations
 * of one, each layer computed twice. The numbers are the same but for rounding.
 */
export type StrategyName = 'whole' | 'blockwise'

/** Whether a text names a strategy. */
export const isStrategy = (text: string): text is StrategyName => text === 'whole' || text === 'blockwise'

/** Hyperparameters of a training run. */
export interface TrainingOptions {
  /** Optimizer steps of the whole run. */
  readonly steps: number
  /** Examples of one optimizer step. */
  readonly batch: number
  /** Examples computed at once; divides `batch`. Default: `batch`. Gradients are accumulated exactly, so this changes only memory. */
  readonly microBatch?: number
  /** How gradients are computed. Default `auto`: the fastest that fits in memory, by a plan made before the run. */
  readonly strategy?: 'auto' | StrategyName
  /** Memory that the process may use, 10⁹ bytes; default 90 % of what the machine has available. */
  readonly memoryLimit?: number
  /** Peak learning rate. */
  readonly learningRate: number
  /** Learning rate of the last step as a fraction of the peak. Default 0. */
  readonly finalLearningRate?: number
  /** How the rate falls after the warm-up. Default 'linear', the paper's. */
  readonly schedule?: 'linear' | 'cosine' | 'constant'
  /** Steps of linear warm-up. Default 10, the paper's. */
  readonly warmup?: number
  /** Decoupled weight decay of matrices; vectors (norms, biases) have none. Default 0, as Hugging Face's Trainer and PoSE. */
  readonly weightDecay?: number
  readonly beta1?: number
  readonly beta2?: number
  readonly epsilon?: number
  /** Gradients are clipped to this global norm. Default 1. */
  readonly maxGradientNorm?: number
  /** State is saved after this many steps. Default 100. */
  readonly checkpointEvery?: number
  /** Parameters that stay as they are, by patterns of names in which `*` stands for any characters: no gradient, no optimizer state. */
  readonly freeze?: readonly string[]
  /** Train low-rank adapters and leave the model itself as it is. */
  readonly lora?: LoraOptions
  /** Give the moving average of the weights instead of the last ones. */
  readonly ema?: AverageOptions
  /** What to do about spikes of loss and gradient norm; without it, a run stops at a value that is not finite. */
  readonly guard?: GuardOptions
}

/** Options with every default filled in; what has none stays absent. */
export type CompleteTrainingOptions = Required<Omit<TrainingOptions, 'freeze' | 'lora' | 'ema' | 'guard' | 'memoryLimit'>> & Pick<TrainingOptions, 'freeze' | 'lora' | 'ema' | 'guard' | 'memoryLimit'>

/** Fills in defaults and checks ranges. @throws SkipwiseError `TRAINING_OPTIONS` */
export function completeOptions(options: TrainingOptions): CompleteTrainingOptions {
  const complete: CompleteTrainingOptions = {
    microBatch: options.batch, strategy: 'auto', finalLearningRate: 0, schedule: 'linear', warmup: 10, weightDecay: 0,
    beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxGradientNorm: 1, checkpointEvery: 100, ...options
  }
  const { steps, batch, microBatch, learningRate } = complete
  if (!Number.isInteger(steps) || steps < 1) throw optionsError(`steps is ${steps}`, 'use a whole number of at least 1')
  if (!Number.isInteger(batch / microBatch) || microBatch < 1) throw optionsError(`microBatch ${microBatch} does not divide batch ${batch}`, 'choose a divisor')
  if (!(learningRate > 0)) throw optionsError(`learningRate is ${learningRate}`, 'use a positive number')
  if (complete.lora && !(Number.isInteger(complete.lora.rank) && complete.lora.rank >= 1)) throw optionsError(`lora.rank is ${complete.lora.rank}`, 'use a whole number of at least 1')
  if (complete.memoryLimit !== undefined && !(complete.memoryLimit > 0)) throw optionsError(`memoryLimit is ${complete.memoryLimit}`, 'use a positive number of 10⁹ bytes')
  if (complete.ema && !(complete.ema.decay > 0 && complete.ema.decay < 1)) throw optionsError(`ema.decay is ${complete.ema.decay}`, 'use a number between 0 and 1')
  return complete
}

const optionsError = (problem: string, fix: string) => new SkipwiseError('TRAINING_OPTIONS', { problem, fix })
