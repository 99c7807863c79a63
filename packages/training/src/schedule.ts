import type { CompleteTrainingOptions } from './options.js'

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
