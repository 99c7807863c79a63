import { createRequire } from 'node:module'
import type { EvalResult } from '@skipwise/core'
import { answersApart } from '@skipwise/data'
import type { Executor } from '@skipwise/runtime'
import type { StrategyName, ValidationScore } from '@skipwise/training'
import { z } from 'zod'
import { evalResultSchema } from '@skipwise/evaluation'
import type { ExperimentKind } from './resolve/context.js'
import { outputName, type Experiment } from './resolve/experiment.js'
import type { Recipe } from './recipe-schema.js'
import { trainersSchema, type Trainers } from './trained-elsewhere.js'
import { weightTypes, type WeightType } from './weight-types.js'

/** The version of this package, which all packages of a release share. */
const version: string = (createRequire(import.meta.url)('../package.json') as { version: string }).version

/** What training did. */
export interface TrainingSummary {
  readonly steps: number
  /** Tokens trained on. */
  readonly tokens: number
  /** Mean loss of every step, nats a label. */
  readonly losses: readonly number[]
  /** Steps whose update a guard left out, where there were any. */
  readonly skipped?: number
  /** Scores of the validations during training, and the step that the weights come of, where they are the best. */
  readonly validation?: { readonly scores: readonly ValidationScore[]; readonly bestStep?: number }
  /** Of the last process that trained. */
  readonly tokensPerSecond: number
  /** How gradients were computed. */
  readonly strategy: StrategyName
  /** How frozen matrices lay in memory, where the recipe says, and ‖stored − given‖ / ‖given‖ of them. */
  readonly base?: { readonly type: WeightType; readonly relativeError: number }
  readonly peakMemoryMB: number
  /** Who trained, where it was not this program. */
  readonly elsewhere?: Trainers
}

/** A number as it is kept in a file, where one that is none is null. */
const figure = z
  .number()
  .nullable()
  .transform(value => value ?? Number.NaN)

/** Results of evaluations as they are kept in a file. */
export const keptResultsSchema: z.ZodType<EvalResult[]> = z.array(
  evalResultSchema.extend({ metrics: z.record(z.string(), figure) })
)

/** {@link TrainingSummary} as it is kept in a file. */
export const trainingSummarySchema: z.ZodType<TrainingSummary> = z.object({
  steps: z.number(),
  tokens: z.number(),
  losses: z.array(z.number()).min(1),
  skipped: z.number().exactOptional(),
  validation: z
    .object({
      scores: z.array(z.object({ step: z.number(), score: figure })),
      bestStep: z.number().exactOptional()
    })
    .exactOptional(),
  tokensPerSecond: z.number(),
  strategy: z.enum(['whole', 'blockwise', 'seco', 'spaco']),
  base: z.object({ type: z.enum(weightTypes), relativeError: z.number() }).exactOptional(),
  peakMemoryMB: z.number(),
  elsewhere: trainersSchema.exactOptional()
})

/** What `skipwise.json` of an output folder says: everything needed to read and to repeat a run. */
export interface ExperimentResult {
  /** Version of this file's shape. */
  readonly version: 1
  readonly kind: ExperimentKind
  readonly name: string
  readonly resultKey: string
  readonly runKey: string
  readonly recipe: Recipe
  readonly window: { readonly original: number; readonly target: number }
  readonly interpolation: { readonly name: string; readonly config: Readonly<Record<string, unknown>> }
  readonly seeds: { readonly recipe: number; readonly train: number }
  readonly versions: Readonly<Record<string, string>>
  readonly executor: string
  readonly data: {
    readonly digest: string
    readonly documents: number
    readonly tokens: number
    readonly tooShort: number
    readonly answersApart?: number
  }
  readonly training: TrainingSummary
  /** Results of the base model (extend) and of the model that was made, suite by suite in the order of the recipe. */
  readonly results: { readonly base: readonly EvalResult[]; readonly model: readonly EvalResult[] }
}

/** Documents of the data that are one answer of a conversation: see `answersApart` of @skipwise/data. */
export const answersOf = ({ data }: Pick<Experiment, 'data'>): number =>
  data.reduce((sum, { corpus }) => sum + answersApart(corpus), 0)

/** Puts the result of a run together. */
export function runReport(
  experiment: Experiment,
  resultKey: string,
  executor: Executor,
  training: TrainingSummary,
  results: ExperimentResult['results']
): ExperimentResult {
  const { kind, recipe, window, rope, data, dataDigest, runKey } = experiment
  const total = (count: 'length' | 'tokens' | 'tooShort') => data.reduce((sum, { corpus }) => sum + corpus[count], 0)
  const apart = answersOf(experiment)
  return {
    version: 1,
    kind,
    name: outputName(experiment),
    resultKey,
    runKey,
    recipe,
    window: { original: window.original, target: window.target },
    interpolation: { name: rope.name, config: rope.config },
    seeds: { recipe: recipe.seed, train: recipe.train.seed ?? recipe.seed },
    versions: { skipwise: version, node: process.versions.node },
    executor: `${executor.name}: ${executor.device}`,
    data: {
      digest: dataDigest,
      documents: total('length'),
      tokens: total('tokens'),
      tooShort: total('tooShort'),
      ...(apart > 0 && { answersApart: apart })
    },
    training,
    results
  }
}
