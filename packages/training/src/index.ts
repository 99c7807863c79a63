export { finishTraining, train } from './train.js'
export type { TrainResult, TrainSetup } from './training-run.js'
export { Trainer, type StepGradients, type TrainerSetup } from './trainer.js'
export {
  completeOptions,
  learningRateAt,
  type StrategyName,
  type StrategyOption,
  type SecoOptions,
  type SpacoOptions,
  type ChunkwiseOptions,
  type CompleteTrainingOptions,
  type TrainingOptions
} from './options.js'
export { planMemory, plannedStrategy, type MemoryPlan, type StrategyMemory } from './memory-plan.js'
export { operationsPerToken } from './operations.js'
export type { StrategySetup } from './strategies/strategy.js'
export { trainedParameters, type TrainedChoice, type TrainedParameters } from './trained-parameters.js'
export { initializeAdapters, mergeAdapter, type LoraAdapter, type LoraOptions } from './lora.js'
export { writePeftAdapter, type PeftAdapter } from './peft-adapter.js'
export { MergedWeights } from './merged-weights.js'
export type { AverageOptions } from './weight-average.js'
export type { GuardOptions } from './guard.js'
export { bestOf, type Validation, type ValidationScore } from './best.js'
export { initializeWeights, type InitializeOptions } from './initialize.js'
export { countLabels, makeBatch, type Batch } from './batch.js'
export {
  accumulatedName,
  batchSpecs,
  gradientName,
  parameterSpecs,
  traceLoss,
  type BatchShape,
  type LossProgramOptions
} from './loss-program.js'
export { meanName, traceUpdate, varianceName } from './update-program.js'
export { loadState, removeState, saveState, stateTensors, type TrainingState } from './state.js'
export { MetricsLog, readMetrics, type StepMetrics } from './metrics/metrics-log.js'
export { trainingErrorCodes } from './errors.js'
