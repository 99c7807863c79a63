import { type SealedTensors, readSealedSafetensors } from '@skipwise/checkpoints'
import { isSkipwiseError, SkipwiseError } from '@skipwise/core'
import { dirname } from 'node:path'

/**
 * A sealed file of this run; a problem with it cannot be fixed by a new download. @throws SkipwiseError
 * `TRAINING_STATE`
 */
export async function readKept(file: string): Promise<SealedTensors> {
  try {
    return await readSealedSafetensors(file)
  } catch (error) {
    throw isSkipwiseError(error) ? damagedState(file, error.problem, error) : error
  }
}

export function missing(file: string, name: string): never {
  throw damagedState(file, `it has no '${name}'`)
}

/** `TRAINING_STATE`: what is wrong with a file that a run was to go on from, and what to remove. */
export const damagedState = (file: string, problem: string, cause?: unknown) =>
  new SkipwiseError('TRAINING_STATE', {
    problem: `${file} is damaged (${problem})`,
    fix: `remove ${dirname(file)} and run the same command again: training starts again at its first step`,
    cause
  })
