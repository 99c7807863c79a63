import type { RopeFrequencies, Window } from '@skipwise/core'
import type { ModelDefinition, PositionalEncoding } from '@skipwise/nn'
import type { Executor, Values } from '@skipwise/runtime'
import type { LossProgramOptions } from '../loss-program.js'
import type { CompleteTrainingOptions } from '../options.js'
import type { TrainedParameters } from '../trained-parameters.js'

/** What gradients are computed of, and on what. */
export interface StrategySetup {
  readonly model: ModelDefinition
  readonly encoding: PositionalEncoding
  readonly frequencies: RopeFrequencies
  readonly executor: Executor
  readonly window: Window
  readonly options: CompleteTrainingOptions
  readonly trains: TrainedParameters
  /** Whether examples hold several documents, with `documentIds`. */
  readonly packed?: boolean
}

/** What the programs of a setup are traced for. */
export const programShape = ({ frequencies, window, options, trains, packed }: StrategySetup) =>
  ({ batch: options.microBatch, length: window.original, softmaxScale: frequencies.softmaxScale, trains, packed }) satisfies LossProgramOptions

/** A way to compute the gradients of a micro-batch: all give the same numbers, in different memory and time. */
export interface GradientStrategy {
  /**
   * Loss and gradients of one micro-batch.
   *
   * @param parameters by name
   * @param batch by the names of `batchSpecs`
   * @param begin forget the gradients so far instead of adding to them
   * @returns Σ labelWeights · (−log p(label))
   */
  run(parameters: Values, batch: Values, begin: boolean): Promise<number>
  /** The gradients of what is trained by `gradientName`, until the next run. */
  readonly gradients: Values
  dispose(): Promise<void>
}
