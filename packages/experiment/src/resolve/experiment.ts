import type { EvalSuite, Interpolation, TrainingExample, Window } from '@skipwise/core'
import type { CompleteTrainingOptions } from '@skipwise/training'
import type { ExecutorLoader, Weight } from '@skipwise/runtime'
import type { ModelConfig, WritableDtype } from '@skipwise/checkpoints'
import { basename } from 'node:path'
import type { ExperimentKind } from './context.js'
import type { Recipe } from '../recipe-schema.js'
import type { Collaborators, RopeReading } from '../parts.js'
import type { ModelSource } from '../model-source.js'
import type { WeightedCorpus } from '../examples.js'
import type { StateFolder } from '../state-folder.js'

/** A recipe with every part found, made and checked: ready to run. */
export interface Experiment {
  readonly kind: ExperimentKind
  readonly recipe: Recipe
  readonly baseFolder: string
  readonly parts: Collaborators
  readonly source: ModelSource
  readonly window: Window
  /** RoPE of the model to be written. */
  readonly rope: RopeReading & { readonly interpolation: Interpolation }
  readonly baseInterpolation: Interpolation
  readonly data: readonly WeightedCorpus[]
  readonly dataDigest: string
  readonly example: (index: number) => TrainingExample
  /** T: tokens of an example. */
  readonly exampleLength: number
  readonly options: CompleteTrainingOptions
  readonly validation: ValidationPlan | undefined
  readonly suites: readonly EvalSuite[]
  readonly executor: ExecutorLoader
  /** `config.json` of the model to be written. */
  readonly config: ModelConfig
  readonly dtype: WritableDtype
  /** By name, row-major; frozen matrices at rest as `train.base` says. */
  readonly weights: ReadonlyMap<string, Weight>
  /** ‖stored − given‖ / ‖given‖ of the matrices at rest. */
  readonly storageError: number
  /** Absolute. */
  readonly output: string
  /** Next to the output: training state and the output while it is being made. */
  readonly stateFolder: string
  /**
   * Holds the state folder against other processes: {@link runExperiment} ends with it; whoever does not run releases
   * it.
   */
  readonly state: StateFolder
  /** Digest of everything that decides the weights. */
  readonly runKey: string
}

/** Name of the model that a recipe makes. */
export const outputName = ({ output }: Pick<Experiment, 'output'>): string => basename(output)

/** What a recipe says of validation, with its suite made. */
export interface ValidationPlan {
  readonly every: number
  readonly suite: EvalSuite
  readonly metric: string
  readonly better: 'lower' | 'higher'
  readonly keep: 'best' | 'last'
}
