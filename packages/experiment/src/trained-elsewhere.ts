import type { StepMetrics } from '@skipwise/training'
import { z } from 'zod'
import type { WeightsToWrite } from './write-model-folder.js'

/** Who trained a model that this process did not train. */
export interface Trainers {
  /** The program, for instance `torchrun`. */
  readonly engine: string
  readonly processes: number
  /** Of the libraries. */
  readonly versions: Readonly<Record<string, string>>
}

/** {@link Trainers} as they are kept in a file. */
export const trainersSchema: z.ZodType<Trainers> = z.object({
  engine: z.string(),
  processes: z.int(),
  versions: z.record(z.string(), z.string())
})

/** What another program has trained by a recipe, to be taken in place of training. */
export interface TrainedElsewhere extends WeightsToWrite, Trainers {
  /** Digest of the files that it is made of. */
  readonly key: string
  /** Of every step in their order: `loss` in nats a label, `learningRate`, `gradientNorm`. */
  readonly steps: readonly (StepMetrics & { readonly loss: number })[]
  readonly tokensPerSecond: number
}
