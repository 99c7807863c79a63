import { SkipwiseError } from '@skipwise/core'
import { openSafetensors, writeSafetensors, type TensorToWrite } from '@skipwise/checkpoints'
import type { ParameterSpec } from '@skipwise/nn'
import { access, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isStrategy, type StrategyName } from './options.js'
import { meanName, varianceName } from './update-program.js'

/** Everything that a run needs to go on: exactly what its next step reads. */
export interface TrainingState {
  /** Steps done. */
  readonly step: number
  /** Trained parameters, and their `mean:` and `variance:`, by name. */
  readonly tensors: ReadonlyMap<string, Float32Array>
  /** How its gradients were computed: strategies round differently. */
  readonly strategy: StrategyName
  /** Loss of every step done, nats a label. */
  readonly losses: readonly number[]
}

const FILE = 'state.safetensors'
const LOSSES = 'losses'

/** Names and shapes of the tensors of a state: of what is trained, nothing else changes. */
export const stateTensors = (trained: readonly ParameterSpec[]) =>
  trained.flatMap(({ name, shape }) => [name, meanName(name), varianceName(name)].map(key => ({ name: key, shape })))

/** Saves a state as one safetensors file, atomically: a killed process leaves the state before or the state after. */
export async function saveState(folder: string, runKey: string, trained: readonly ParameterSpec[], state: TrainingState): Promise<void> {
  await mkdir(folder, { recursive: true })
  const tensors: TensorToWrite[] = stateTensors(trained).map(({ name, shape }) => ({ name, shape, data: state.tensors.get(name) as Float32Array }))
  tensors.push({ name: LOSSES, shape: [state.losses.length], data: Float32Array.from(state.losses) })
  await writeSafetensors(join(folder, FILE), tensors, { metadata: { runKey, step: String(state.step), strategy: state.strategy } })
}

/**
 * The saved state of a run, or undefined when there is none.
 *
 * @throws SkipwiseError `TRAINING_STATE` when the folder holds the state of another run or a damaged one, and the `CHECKPOINT_` codes
 * of a file that is no safetensors file
 */
export async function loadState(folder: string, runKey: string, trained: readonly ParameterSpec[]): Promise<TrainingState | undefined> {
  const file = join(folder, FILE)
  if (!(await access(file).then(() => true, () => false))) return undefined
  const source = await openSafetensors(file)
  try {
    if (source.metadata.runKey !== runKey) {
      throw new SkipwiseError('TRAINING_STATE', {
        problem: `${file} is the state of another run: its recipe, data or base model differ`,
        fix: 'finish that run with its own recipe, or remove the folder'
      })
    }
    const tensors = new Map<string, Float32Array>()
    for (const { name, shape } of stateTensors(trained)) {
      const saved = source.info(name)
      if (String(saved.shape) !== String(shape)) throw damaged(file, `'${name}' is [${saved.shape.join()}], not [${shape.join()}]`)
      tensors.set(name, await source.read(name))
    }
    const step = Number(source.metadata.step), losses = [...(await source.read(LOSSES))]
    if (!Number.isInteger(step) || step !== losses.length) throw damaged(file, `it says step ${source.metadata.step} and holds ${losses.length} losses`)
    const { strategy = 'whole' } = source.metadata
    if (!isStrategy(strategy)) throw damaged(file, `its strategy is '${strategy}'`)
    return { step, strategy, tensors, losses }
  } finally {
    await source.close()
  }
}

const damaged = (file: string, problem: string) =>
  new SkipwiseError('TRAINING_STATE', { problem: `${file} is damaged: ${problem}`, fix: 'remove the folder and begin the run again' })

/** Removes the saved state of a finished run. */
export const removeState = (folder: string): Promise<void> => rm(join(folder, FILE), { force: true })
