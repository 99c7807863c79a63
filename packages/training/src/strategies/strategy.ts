import type { RopeFrequencies, Window } from '@skipwise/core'
import type { ModelDefinition, PositionalEncoding } from '@skipwise/nn'
import {
  peakOfTemporaries,
  storeWeights,
  type Executor,
  type Graph,
  type StorageName,
  type Value,
  type Values
} from '@skipwise/runtime'
import { gradientName, parameterSpecs, type LossProgramOptions } from '../loss-program.js'
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
  /** Of frozen matrices at rest, by name. */
  readonly stored?: ReadonlyMap<string, StorageName> | undefined
  /** Whether examples hold several documents, with `documentIds`. */
  readonly packed?: boolean
}

/** What the programs of a setup are traced for. */
export const programShape = ({ frequencies, window, options, trains, packed }: StrategySetup): LossProgramOptions => ({
  batch: options.microBatch,
  length: window.original,
  softmaxScale: frequencies.softmaxScale,
  accumulate: options.microBatch < options.batch,
  trains,
  packed
})

/** A way to compute the gradients of a micro-batch, in its own memory and time: all but SpaCO give the same numbers. */
export interface GradientStrategy {
  /**
   * Loss and gradients of one micro-batch.
   *
   * @param parameters by name
   * @param batch by the names of `batchSpecs`
   * @param begin forget the gradients so far instead of adding to them
   * @param index number of the first example in the run: what a strategy draws is a function of it
   * @returns Σ labelWeights · (−log p(label))
   */
  run(parameters: Values, batch: Values, begin: boolean, index: number): Promise<number>
  /** The gradients of what is trained by `gradientName`, until the next run. */
  readonly gradients: Values
  dispose(): Promise<void>
}

/** A strategy with its graphs traced: what it will take is known, nothing is compiled or allocated. */
export interface PreparedStrategy {
  /**
   * Bytes between and inside its programs besides weights, gradients and optimizer state: see {@link temporariesOf}.
   */
  activations(): number
  open(): Promise<GradientStrategy>
}

/** Bytes of temporaries of programs that stay open together: none gives back the memory of its last run. */
export function temporariesOf({ executor }: StrategySetup, graphs: Iterable<Graph>): number {
  let bytes = 0
  for (const graph of graphs) bytes += executor.workspace?.(graph) ?? peakOfTemporaries(graph)
  return bytes
}

/** A program that reads parameters by their names, with those at rest that are. */
export const withStored = ({ stored = new Map() }: StrategySetup, graph: Graph): Graph => storeWeights(graph, stored)

/** A gradient of zeros for everything that is trained, by `gradientName`. */
export const zeroGradients = ({ trains, executor }: StrategySetup): Record<string, Value> =>
  Object.fromEntries(
    Object.entries(parameterSpecs({ parameters: trains.trained })).map(([name, spec]) => [
      gradientName(name),
      executor.upload(spec)
    ])
  )
