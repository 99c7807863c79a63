import { digestOfFile, openCheckpoint, openSafetensors, parseJson, readFolderFile } from '@skipwise/checkpoints'
import { digestOfJson } from '@skipwise/checkpoints'
import { SkipwiseError } from '@skipwise/core'
import { modelWeights, type Experiment, type TrainedElsewhere } from '@skipwise/experiment'
import { MergedWeights, trainedParameters } from '@skipwise/training'
import { stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { readLosses } from './losses.js'
import { parseFile, readRunFile, type RunFile } from './run-file.js'

const resultSchema = z.looseObject({
  version: z.literal(1),
  runKey: z.string(),
  processes: z.int(),
  versions: z.record(z.string(), z.string()),
  files: z.record(z.string(), z.string())
})

/** A run on a cluster: the folder that was exported, and the one in it that was trained into. */
export interface ClusterRun {
  readonly run: RunFile
  /** Absolute folder of the export. */
  readonly exported: string
  /** Absolute folder of losses, checkpoints and the model. */
  readonly out: string
}

/**
 * Finds a run: its exported folder, or the folder `out` in it.
 *
 * @throws SkipwiseError `CLUSTER_RUN`, `FILE_REFUSED`
 */
export async function openClusterRun(folder: string): Promise<ClusterRun> {
  const given = resolve(folder)
  const own = await readRunFile(given)
  if (own) return { run: own, exported: given, out: join(given, 'out') }
  const parent = await readRunFile(dirname(given))
  if (parent) return { run: parent, exported: dirname(given), out: given }
  throw new SkipwiseError('CLUSTER_RUN', {
    problem: `neither ${given} nor the folder that it is in has a run.json`,
    fix: 'pass the folder that skipwise export wrote, with the folder out that train.py made in it'
  })
}

/**
 * Checks what a cluster has trained against its export and the recipe, and gives it as a run of our own is written.
 *
 * @param experiment of the recipe, here and now: its key must be that of the export
 * @returns what `runExperiment` takes; weights are read when they are asked for, until `close`
 * @throws SkipwiseError `CLUSTER_OTHER_RUN`, `CLUSTER_UNFINISHED`, `CLUSTER_RUN`, and what reading the weights throws
 */
export async function readClusterRun(
  cluster: ClusterRun,
  experiment: Experiment
): Promise<TrainedElsewhere & { close(): Promise<void> }> {
  const { run, out } = cluster
  if (run.runKey !== experiment.runKey)
    throw new SkipwiseError('CLUSTER_OTHER_RUN', {
      problem: `the run in ${cluster.exported} is not that of this recipe with the model and data that it names now`,
      fix: 'pass the recipe of the export with --recipe, and restore its model and data'
    })
  const steps = await readLosses(out, run)
  const result = await resultOf(cluster)
  await checkFiles(join(out, 'model'), result.files)
  const { weights, adapters, close } = experiment.options.lora
    ? await readAdapter(join(out, 'model'), experiment)
    : await readModel(join(out, 'model'), experiment)
  const seconds = (Date.parse(steps[steps.length - 1].time) - Date.parse(steps[0].time)) / 1000
  const tokens = (run.steps - 1) * run.batch * run.length
  const { processes, versions } = result
  return {
    key: digestOfJson([result.files, steps.map(({ loss }) => loss)]),
    engine: 'torchrun',
    processes,
    versions,
    steps,
    tokensPerSecond: seconds > 0 ? tokens / seconds : 0,
    weights,
    adapters,
    close
  }
}

async function resultOf({ run, out }: ClusterRun): Promise<z.output<typeof resultSchema>> {
  const bytes = await readFolderFile(out, 'result.json')
  if (bytes === undefined)
    throw new SkipwiseError('CLUSTER_UNFINISHED', {
      problem: `${out} has no result.json, which train.py writes after the last step`,
      fix: 'start train.py again: it goes on from its last checkpoint'
    })
  const result = parseFile(resultSchema, bytes, join(out, 'result.json'))
  if (result.runKey === run.runKey) return result
  throw new SkipwiseError('CLUSTER_OTHER_RUN', {
    problem: `${join(out, 'result.json')} is the result of another run than that of run.json`,
    fix: 'pass the folder that this model was trained from'
  })
}

/** The files of the model are those that train.py wrote. */
async function checkFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, sha256] of Object.entries(files)) {
    const path = join(folder, name)
    const found = await stat(path).then(
      () => digestOfFile(path),
      () => undefined
    )
    if (found === sha256) continue
    throw new SkipwiseError('CLUSTER_RUN', {
      problem: `${path} ${found === undefined ? 'is gone' : 'has changed since train.py wrote it'}`,
      fix: 'copy the folder out/model again'
    })
  }
}

/** What is read of a trained model. */
type Trained = Pick<TrainedElsewhere, 'weights' | 'adapters'> & { close(): Promise<void> }

/** Whole weights, in one file or several. */
async function readModel(folder: string, { source }: Experiment): Promise<Trained> {
  const checkpoint = await openCheckpoint(folder)
  try {
    const { read } = modelWeights(checkpoint, source.model)
    return { weights: read, close: () => checkpoint.close() }
  } catch (error) {
    await checkpoint.close()
    throw error
  }
}

const ADAPTER = 'adapter_model.safetensors'

/** An adapter of PEFT: the model is that of the recipe with it merged. */
async function readAdapter(folder: string, { source, options, weights }: Experiment): Promise<Trained> {
  const trains = trainedParameters(source.model, options)
  await checkAdapterConfig(folder, options.lora?.rank ?? 0, trains.adapterScale)
  const file = await openSafetensors(join(folder, ADAPTER))
  try {
    const adapters = new Map<string, Float32Array>()
    for (const { name, shape } of trains.trained) {
      const stored = `base_model.model.${name}`
      const found = file.has(stored) ? file.info(stored).shape : undefined
      if (String(found) !== String(shape))
        throw new SkipwiseError('CLUSTER_RUN', {
          problem: `${join(folder, ADAPTER)}: '${stored}' is ${found ? `[${found.join(', ')}]` : 'missing'}, and the recipe makes it [${shape.join(', ')}]`,
          fix: 'pass the folder that this adapter was trained from'
        })
      adapters.set(name, await file.read(stored))
    }
    return {
      weights: new MergedWeights(source.model.parameters, weights, adapters, trains),
      adapters,
      close: () => Promise.resolve()
    }
  } finally {
    await file.close()
  }
}

/** The scale of an adapter is in its configuration alone. */
async function checkAdapterConfig(folder: string, rank: number, scale: number): Promise<void> {
  const file = join(folder, 'adapter_config.json')
  const bytes = await readFolderFile(folder, 'adapter_config.json')
  const { r, lora_alpha: alpha, use_rslora: isStabilized } = bytes ? parseJson(bytes, file, 'CLUSTER_RUN').object : {}
  const own = typeof r === 'number' && typeof alpha === 'number' ? alpha / (isStabilized ? Math.sqrt(r) : r) : undefined
  if (r === rank && own === scale) return
  throw new SkipwiseError('CLUSTER_RUN', {
    problem: `${file} says rank ${String(r)} and a scale of ${String(own)}, and the recipe ${rank} and ${scale}`,
    fix: 'pass the folder that this adapter was trained from'
  })
}
