import { digestOfJson, openCheckpoint, writeJsonAtomic } from '@skipwise/checkpoints'
import { type EvalResult, type LanguageModel, type ProgressListener, withoutUndefined } from '@skipwise/core'
import { keepStage, keptStage, openJournal, RESULT_FILE, runSuites } from '@skipwise/evaluation'
import { storagesOf, type Executor } from '@skipwise/runtime'
import { MetricsLog, planMemory, plannedStrategy, train, type MemoryPlan, type TrainerSetup } from '@skipwise/training'
import { cp, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { z } from 'zod'
import { demandUnchanged, writeDigestList } from './digest-list.js'
import { modelWeights } from './model-weights.js'
import { openLanguageModel } from './open-language-model.js'
import { writeModelFolder } from './write-model-folder.js'
import { writeTrained } from './write-trained.js'
import { makeFolder, publish } from './output-folder.js'
import { outputName, type Experiment } from './resolve/experiment.js'
import { resultKeyOf } from './resolve/run-key.js'
import {
  keptResultsSchema,
  runReport,
  trainingSummarySchema,
  type ExperimentResult,
  type TrainingSummary
} from './result.js'
import { writeReport } from './report.js'
import { storedKey } from './stored-output.js'
import type { TrainedElsewhere } from './trained-elsewhere.js'
import { trainerSetup } from './trainer-setup.js'
import { createValidation } from './validation.js'
import { StorageError, storageOf, type WeightType } from './weight-types.js'

/** Folder of the metrics of every step, in the state folder and then in the output. */
const METRICS = 'metrics'

/** Who listens to {@link runExperiment}. */
export interface RunHooks {
  readonly progress?: ProgressListener | undefined
  readonly signal?: AbortSignal | undefined
  /** What training will take, before anything is computed; the run is refused after it if it does not fit. */
  readonly onPlan?: ((plan: MemoryPlan) => void) | undefined
  /** The base model has been evaluated. */
  readonly onBase?: ((results: readonly EvalResult[]) => void) | undefined
  /** Training is over and the weights are written. */
  readonly onTrained?: ((training: TrainingSummary) => void) | undefined
  /** Files in the state folder that are not Skipwise's, and stay. Paths are relative to the folder. */
  readonly onKept?: ((folder: string, files: readonly string[]) => void) | undefined
}

/**
 * Runs an experiment: evaluates the base model (extend), trains, writes the Hugging Face folder, evaluates what was
 * written, draws the report. The output folder appears complete or not at all; what is unfinished lies in
 * `<output>.training`, and the same call goes on from there. An output that this very run has made before is returned
 * as it is.
 *
 * @param elsewhere what another program has trained by this recipe: it is written in place of training, and the result
 * has a key of its own
 * @throws SkipwiseError what training, evaluation and writing throw; `signal.reason` when aborted
 */
export async function runExperiment(
  experiment: Experiment,
  hooks: RunHooks = {},
  elsewhere?: TrainedElsewhere
): Promise<ExperimentResult> {
  const { recipe, state, stateFolder, runKey } = experiment
  const trainedKey = elsewhere ? digestOfJson([runKey, elsewhere.key]) : runKey
  const resultKey = resultKeyOf(trainedKey, recipe)
  try {
    const result =
      (await madeBefore(experiment, resultKey, hooks)) ??
      (await make(experiment, { trainedKey, resultKey, elsewhere }, hooks))
    const kept = await state.finish()
    if (kept.length > 0) hooks.onKept?.(stateFolder, kept)
    return result
  } finally {
    await state.release()
  }
}

/** The result of the output folder, where it is this run's. */
async function madeBefore(
  { output }: Experiment,
  resultKey: string,
  hooks: RunHooks
): Promise<ExperimentResult | undefined> {
  if ((await storedKey(output)) !== resultKey) return undefined
  await demandUnchanged(output, 'remove the folder and run the recipe again, or restore a copy', hooks.progress)
  const result = JSON.parse(await readFile(join(output, RESULT_FILE), 'utf8')) as ExperimentResult
  hooks.onBase?.(result.results.base)
  hooks.onTrained?.(result.training)
  return result
}

/** Where the weights of a run come from. */
interface Making {
  /** Of everything that decides the weights. */
  readonly trainedKey: string
  /** The same with the evaluations. */
  readonly resultKey: string
  readonly elsewhere: TrainedElsewhere | undefined
}

async function make(
  experiment: Experiment,
  { trainedKey, resultKey, elsewhere }: Making,
  hooks: RunHooks
): Promise<ExperimentResult> {
  const { kind, source, stateFolder, output, window } = experiment
  const made = join(stateFolder, 'model')
  const executor = await experiment.executor.open()
  try {
    if (await keptStage(join(stateFolder, TRAINED), trainedKey, trainingSummarySchema)) {
      await demandUnchanged(
        made,
        `remove ${join(stateFolder, TRAINED)} and run the same command again: the weights are written again from the state`,
        hooks.progress
      )
    } else if (!elsewhere) {
      const setup = trainingSetup(experiment, executor)
      const plan = planMemory(setup)
      hooks.onPlan?.(plan)
      plannedStrategy(plan, setup)
    }
    const base =
      kind === 'train'
        ? []
        : await remember(join(stateFolder, 'base.json'), resultKey, keptResultsSchema, () =>
            evaluate(experiment, resultKey, hooks, () => openBase(experiment, executor))
          )
    hooks.onBase?.(base)

    const training = await remember(join(stateFolder, TRAINED), trainedKey, trainingSummarySchema, () =>
      elsewhere
        ? writeTrained(experiment, elsewhere, made, METRICS, hooks.progress)
        : trainAndWrite(experiment, executor, hooks, made)
    )
    hooks.onTrained?.(training)

    const checkpoint = await openCheckpoint(made)
    const { readAs } = modelWeights(checkpoint, source.model)
    const of = storageOf(evaluatedAs(experiment))
    const results = await evaluate(experiment, resultKey, hooks, () =>
      openLanguageModel(source, {
        name: kind === 'extend' ? 'extended' : outputName(experiment),
        executor,
        interpolation: experiment.rope.interpolation,
        geometry: experiment.rope.geometry,
        weights: name => readAs(name, of, new StorageError()),
        maxLength: kind === 'extend' ? window.target : undefined,
        lengthLimit: Infinity
      })
    ).finally(() => checkpoint.close())
    const result = runReport(experiment, resultKey, executor, training, { base, model: results })
    await writeReport(made, result, experiment.suites)
    await writeJsonAtomic(join(made, RESULT_FILE), result)
    await writeDigestList(made)
    await makeFolder(dirname(output))
    await publish(made, output)
    return result
  } finally {
    await executor.dispose()
  }
}

/** How matrices of a model that is evaluated lie in memory: what training rounds to 8 or 4 bits is not rounded here. */
const evaluatedAs = ({ recipe }: Experiment): WeightType =>
  (recipe.train.base ?? 'float32') === 'float32' ? 'float32' : 'bf16'

/** The model to start from. */
function openBase(experiment: Experiment, executor: Executor): Promise<LanguageModel> {
  const { source, baseInterpolation: interpolation } = experiment
  const open = (weights: Parameters<typeof openLanguageModel>[1]['weights']) =>
    openLanguageModel(source, { name: 'base', executor, interpolation, weights, lengthLimit: Infinity })
  const type = evaluatedAs(experiment)
  return type === 'float32' ? open(experiment.weights) : source.withWeights(open, type)
}

/** What a stage leaves when training is done. */
const TRAINED = 'trained.json'

/** The memory plan of an experiment's training, without running anything. */
export async function planExperiment(experiment: Experiment): Promise<MemoryPlan> {
  const executor = await experiment.executor.open()
  try {
    return planMemory(trainingSetup(experiment, executor))
  } finally {
    await executor.dispose()
  }
}

/** What gradients are computed of. */
export const trainingSetup = (experiment: Experiment, executor: Executor): TrainerSetup =>
  trainerSetup(
    { ...experiment, stored: storagesOf(experiment.weights), packed: experiment.data.some(({ pack }) => pack) },
    executor
  )

async function trainAndWrite(
  experiment: Experiment,
  executor: Executor,
  { progress, signal }: RunHooks,
  folder: string
): Promise<TrainingSummary> {
  const { options, weights, example, exampleLength, stateFolder, runKey, recipe } = experiment
  const metrics = new MetricsLog(join(stateFolder, METRICS))
  const validation = createValidation(experiment, executor, progress, signal)
  const result = await train({
    ...trainingSetup(experiment, executor),
    weights,
    example,
    stateFolder,
    runKey,
    validation,
    progress: event => {
      if (event.metrics) metrics.write(event.done, event.metrics)
      progress?.(event)
    },
    signal
  })
  await writeModelFolder(folder, experiment, result, progress)
  await cp(join(stateFolder, METRICS), join(folder, METRICS), { recursive: true })
  return {
    steps: options.steps,
    tokens: options.steps * options.batch * exampleLength,
    losses: result.losses,
    ...(result.skipped > 0 && { skipped: result.skipped }),
    ...(validation && {
      validation: withoutUndefined({ scores: result.scores, bestStep: result.bestStep })
    }),
    tokensPerSecond: result.tokensPerSecond,
    strategy: result.strategy,
    ...(recipe.train.base && { base: { type: recipe.train.base, relativeError: experiment.storageError } }),
    peakMemoryMB: process.resourceUsage().maxRSS / 1024
  }
}

/** Runs every suite on one model. */
async function evaluate(
  { suites, recipe, baseFolder, stateFolder }: Experiment,
  resultKey: string,
  { progress, signal }: RunHooks,
  open: () => Promise<LanguageModel>
): Promise<EvalResult[]> {
  if (!suites.length) return []
  const model = await open()
  try {
    const context = {
      seed: recipe.seed,
      resolvePath: (path: string) => resolve(baseFolder, path),
      progress,
      signal,
      label: model.name
    }
    return await runSuites(model, suites, context, i =>
      openJournal(join(stateFolder, `${model.name}-${i}.journal`), resultKey)
    )
  } finally {
    model.dispose()
  }
}

/**
 * The value kept in `file` under `key`, or else computed and kept: a finished stage is not repeated by a resumed run.
 */
async function remember<Value>(
  file: string,
  key: string,
  schema: z.ZodType<Value>,
  compute: () => Promise<Value>
): Promise<Value> {
  const kept = await keptStage(file, key, schema)
  if (kept) return kept.value
  const value = await compute()
  await keepStage(file, key, value)
  return value
}
