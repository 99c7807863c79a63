import { SkipwiseError } from '@skipwise/core'
import { removeOwnFile, TEMPORARY_FILE, writeSafetensors, type TensorToWrite } from '@skipwise/checkpoints'
import type { ParameterSpec } from '@skipwise/nn'
import { access, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readKept, missing, damagedState } from './kept-tensors.js'
import { isStrategy, type StrategyName } from './options.js'
import type { ValidationScore } from './best.js'
import { meanName, varianceName } from './update-program.js'
import { averageName } from './weight-average.js'

/** Everything that a run needs to go on: exactly what its next step reads. */
export interface TrainingState {
  /** Steps done. */
  readonly step: number
  /** Trained parameters, and their `mean:` and `variance:`, by name, row-major. */
  readonly tensors: ReadonlyMap<string, Float32Array>
  /** How its gradients were computed: strategies round differently. */
  readonly strategy: StrategyName
  /** Loss of every step done, nats a label. */
  readonly losses: readonly number[]
  /** Gradient norm of every step done, before clipping. */
  readonly gradientNorms: readonly number[]
  /** Steps whose update a guard left out. */
  readonly skipped: number
  /** Those of them since the last update. */
  readonly skippedInRow: number
  /** Of the validations so far. */
  readonly scores: readonly ValidationScore[]
}

const FILE = 'state.safetensors'
const LOSSES = 'losses'
const NORMS = 'gradientNorms'

/** Names and shapes of what the update changes: of what is trained, nothing else does. */
export const updatedTensors = (trained: readonly ParameterSpec[]) =>
  trained.flatMap(({ name, shape }) => [name, meanName(name), varianceName(name)].map(key => ({ name: key, shape })))

/** Names and shapes of the tensors of a state. */
export const stateTensors = (trained: readonly ParameterSpec[], averaged = false) => [
  ...updatedTensors(trained),
  ...(averaged ? trained.map(({ name, shape }) => ({ name: averageName(name), shape })) : [])
]

/** Saves a state as one safetensors file, atomically: a killed process leaves the state before or the state after. */
export async function saveState(
  folder: string,
  runKey: string,
  specs: readonly Pick<ParameterSpec, 'name' | 'shape'>[],
  state: TrainingState
): Promise<void> {
  const { step, losses, gradientNorms, skipped, skippedInRow, scores } = state
  await mkdir(folder, { recursive: true })
  const tensors: TensorToWrite[] = specs.map(({ name, shape }) => ({
    name,
    shape,
    data: state.tensors.get(name) as Float32Array
  }))
  for (const [name, values] of [
    [LOSSES, losses],
    [NORMS, gradientNorms]
  ] as const)
    tensors.push({ name, shape: [values.length], data: Float32Array.from(values) })
  await writeSafetensors(join(folder, FILE), tensors, {
    metadata: {
      runKey,
      step: String(step),
      strategy: state.strategy,
      history: JSON.stringify({ skipped, skippedInRow, scores })
    },
    sealed: true
  })
}

/**
 * The saved state of a run, or undefined when there is none. Every byte of the file is checked by its digest.
 *
 * @throws SkipwiseError `TRAINING_STATE` when the folder holds the state of another run or a damaged one
 */
export async function loadState(
  folder: string,
  runKey: string,
  specs: readonly Pick<ParameterSpec, 'name' | 'shape'>[]
): Promise<TrainingState | undefined> {
  const file = join(folder, FILE)
  if (
    !(await access(file).then(
      () => true,
      () => false
    ))
  )
    return undefined
  const { metadata, tensors: kept } = await readKept(file)
  if (metadata.runKey !== runKey) {
    throw new SkipwiseError('TRAINING_STATE', {
      problem: `${file} is the state of another run: its recipe, data or base model differ`,
      fix: 'finish that run with its own recipe, or remove the folder'
    })
  }
  const tensors = new Map<string, Float32Array>()
  for (const { name, shape } of specs) {
    const saved = kept.get(name) ?? missing(file, name)
    if (String(saved.shape) !== String(shape))
      throw damagedState(file, `'${name}' is [${saved.shape.join()}], not [${shape.join()}]`)
    tensors.set(name, saved.data)
  }
  const step = Number(metadata.step)
  const losses = [...(kept.get(LOSSES) ?? missing(file, LOSSES)).data]
  const gradientNorms = [...(kept.get(NORMS) ?? missing(file, NORMS)).data]
  if (!Number.isInteger(step) || step !== losses.length)
    throw damagedState(file, `it says step ${metadata.step} and holds ${losses.length} losses`)
  if (gradientNorms.length !== step)
    throw damagedState(file, `it says step ${step} and holds ${gradientNorms.length} gradient norms`)
  const { strategy = 'whole' } = metadata
  if (!isStrategy(strategy)) throw damagedState(file, `its strategy is '${strategy}'`)
  return { step, strategy, tensors, losses, gradientNorms, ...historyOf(metadata.history, file) }
}

function historyOf(text: string | undefined, file: string): Pick<TrainingState, 'skipped' | 'skippedInRow' | 'scores'> {
  try {
    const { skipped, skippedInRow, scores } = JSON.parse(text ?? '') as Record<string, unknown>
    const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0
    const isScore = (value: unknown): value is ValidationScore =>
      isCount((value as ValidationScore | null)?.step) && typeof (value as ValidationScore).score === 'number'
    if (isCount(skipped) && isCount(skippedInRow) && Array.isArray(scores) && scores.every(isScore))
      return { skipped, skippedInRow, scores }
  } catch {
    // said below
  }
  throw damagedState(file, 'its history is not readable')
}

/**
 * Removes what processes that were killed while saving have left, so that a run killed often does not fill the disk.
 */
export async function removeUnfinished(folder: string): Promise<void> {
  const files = await readdir(folder).catch(() => [])
  await Promise.all(files.filter(name => TEMPORARY_FILE.test(name)).map(name => removeOwnFile(join(folder, name))))
}

/** Removes the saved state of a finished run. */
export const removeState = (folder: string): Promise<void> => removeOwnFile(join(folder, FILE))
