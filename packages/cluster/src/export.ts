import { readFolderFile, removeOwnFiles, writeFileAtomic, writeJsonAtomic } from '@skipwise/checkpoints'
import type { ProgressListener } from '@skipwise/core'
import { keepStage, keptStage } from '@skipwise/evaluation'
import { makeFolder, publish, writeDigestList, writeModelFolder, type Experiment } from '@skipwise/experiment'
import { restoreWeight } from '@skipwise/runtime'
import { initializeAdapters, trainedParameters } from '@skipwise/training'
import { chmod } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { writeExamples, type ExampleFile } from './example-files.js'
import { exportReadme } from './export-readme.js'
import { firstLoss } from './first-loss.js'
import type { Launcher } from './launchers.js'
import { demandTrainable } from './refusals.js'
import { ropeTableOf, writeRopeTable } from './rope-table.js'
import { RUN_FILE, runFileOf } from './run-file.js'

/** How {@link exportRun} writes. */
export interface ExportOptions {
  readonly launcher: Launcher
  /** The recipe file, relative to the folder that is written: `skipwise import` finds it there. Default none. */
  readonly recipeFile?: string | undefined
  readonly progress?: ProgressListener | undefined
  readonly signal?: AbortSignal | undefined
}

/** What {@link exportRun} wrote. */
export interface ExportedRun {
  /** Absolute path of the folder. */
  readonly folder: string
  readonly rows: number
  readonly steps: number
  /** Rows of a step. */
  readonly batch: number
  /** T: tokens of a row. */
  readonly length: number
  /** Loss of the first batch, nats a label. */
  readonly firstLoss: number
  /** Name of the RoPE scheme. */
  readonly scheme: string
}

/** Files of this package that a folder gets. */
const PROGRAM = ['train.py', 'launch.sh', 'launch.slurm', 'requirements.txt']

const exampleFilesSchema: z.ZodType<ExampleFile[]> = z.array(
  z.strictObject({ name: z.string(), rows: z.int(), sha256: z.string() })
)

/**
 * Writes a run as a folder that PyTorch, transformers and accelerate train: model, the very examples in the order of
 * the steps, RoPE table, settings, program, and the loss of the first batch, which the program compares before it
 * begins. The folder appears complete or not at all. What is unfinished lies in the state folder of the experiment, and
 * the same call goes on from there; the state folder is released at the end.
 *
 * @param experiment its output is the folder
 * @throws SkipwiseErrors `CLUSTER_UNSUPPORTED`, before any work; SkipwiseError `TRAINING_MEMORY`, `CLUSTER_EXAMPLE`,
 * what making examples and writing throw; `signal.reason` when aborted
 */
export async function exportRun(experiment: Experiment, options: ExportOptions): Promise<ExportedRun> {
  const { state, output } = experiment
  try {
    demandTrainable(experiment)
    const made = join(state.path, 'export')
    const exported = await write(experiment, made, options)
    await makeFolder(dirname(output))
    await publish(made, output)
    await state.finish()
    return { ...exported, folder: output }
  } finally {
    await state.release()
  }
}

async function write(
  experiment: Experiment,
  folder: string,
  { launcher, recipeFile, progress, signal }: ExportOptions
): Promise<Omit<ExportedRun, 'folder'>> {
  const { options, exampleLength } = experiment
  const loss = await lossOf(experiment, { progress, signal })
  const files = await examplesOf(experiment, join(folder, 'data'), { progress, signal })
  await writeModel(experiment, join(folder, 'model'), progress)
  const table = ropeTableOf(experiment)
  await writeRopeTable(join(folder, 'rope.safetensors'), table)
  const run = runFileOf(experiment, table, files, recipeFile)
  await writeJsonAtomic(join(folder, RUN_FILE), run)
  await writeJsonAtomic(join(folder, 'first-loss.json'), { loss })
  for (const name of [...PROGRAM, ...(launcher === 'accelerate' ? ['accelerate.yaml'] : [])])
    await writeFileAtomic(join(folder, name), await programFile(name, experiment))
  await chmod(join(folder, 'launch.sh'), 0o755)
  await writeFileAtomic(join(folder, 'README.md'), exportReadme(experiment, run, loss, launcher))
  const digests = files.map(({ name, sha256 }) => [`data/${name}`, sha256] as const)
  await writeDigestList(folder, new Map(digests))
  const { steps, batch } = options
  return { rows: steps * batch, steps, batch, length: exampleLength, firstLoss: loss, scheme: table.scheme }
}

/** Hooks of a stage. */
type Hooks = Pick<ExportOptions, 'progress' | 'signal'>

/** The loss of the first batch, computed once. */
async function lossOf(experiment: Experiment, hooks: Hooks): Promise<number> {
  const file = join(experiment.state.path, 'base.json')
  const kept = await keptStage(file, experiment.runKey, z.number())
  if (kept) return kept.value
  const executor = await experiment.executor.open()
  try {
    const loss = await firstLoss(experiment, executor, hooks)
    await keepStage(file, experiment.runKey, loss)
    return loss
  } finally {
    await executor.dispose()
  }
}

/** The files of examples; those that an earlier process of this run has written stay. */
async function examplesOf(experiment: Experiment, folder: string, hooks: Hooks): Promise<readonly ExampleFile[]> {
  const { options, example, exampleLength, runKey, state } = experiment
  const file = join(state.path, 'examples.json')
  const kept = await keptStage(file, runKey, exampleFilesSchema)
  // those of another run have other rows under the same names
  if (!kept) await removeOwnFiles(folder, name => /^examples-\d+-of-\d+\.parquet$/.test(name))
  await makeFolder(folder)
  return writeExamples(folder, {
    example,
    rows: options.steps * options.batch,
    length: exampleLength,
    done: kept?.value,
    onFile: files => keepStage(file, runKey, files),
    ...hooks
  })
}

/** The model to start from, with the RoPE of the one to be made, and adapters as they begin. */
async function writeModel(experiment: Experiment, folder: string, progress?: ProgressListener): Promise<void> {
  const { source, options, weights, config, recipe } = experiment
  const read = async (name: string) => {
    const weight = weights.get(name)
    return weight === undefined ? new Float32Array() : restoreWeight(weight)
  }
  // the weights are those to start from: rounding them to the type of the result would make it another run
  const asStored =
    recipe.dtype === undefined
      ? config
      : { ...config, torch_dtype: source.dtype, ...('dtype' in config ? { dtype: source.dtype } : {}) }
  await writeModelFolder(
    folder,
    { ...experiment, dtype: source.dtype, config: asStored },
    { weights: read, adapters: options.lora && (await adaptersOf(experiment, read)) },
    progress
  )
}

/** Adapters before the first step, and what is trained in full next to them. */
async function adaptersOf(
  { source, options }: Experiment,
  read: (name: string) => Promise<Float32Array>
): Promise<Map<string, Float32Array>> {
  const { trained, adapters } = trainedParameters(source.model, options)
  const tensors = initializeAdapters(adapters, options.lora?.seed ?? 0)
  for (const { name } of trained) if (!tensors.has(name)) tensors.set(name, await read(name))
  return tensors
}

/** A file of this package's folder `python`, next to `src` and `dist`. */
async function programFile(name: string, { options }: Experiment): Promise<string> {
  const folder = fileURLToPath(new URL('../python', import.meta.url))
  const text = new TextDecoder().decode(await readFolderFile(folder, basename(name)))
  return name === 'requirements.txt' && options.lora ? `${text}peft>=0.21\n` : text
}
