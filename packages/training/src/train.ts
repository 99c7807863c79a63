import { SkipwiseError } from '@skipwise/core'
import { removeBest } from './best.js'
import { removeState } from './state.js'
import { TrainingRun, type TrainResult, type TrainSetup } from './training-run.js'

/**
 * Runs or resumes a training: gradients, clipping, AdamW, with state saved every `checkpointEvery` steps. A run that
 * was killed and resumed gives the same bytes as one that was not. A loss or gradient norm that is not finite stops it
 * before anything is saved; the last saved state stays.
 *
 * @throws SkipwiseError `TRAINING_OPTIONS`, `TRAINING_FREEZE`, `TRAINING_LORA`, `TRAINING_MEMORY`,
 * `TRAINING_POSITIONS`, `TRAINING_DIVERGED`, `TRAINING_SPIKE`, `TRAINING_INTERRUPTED`, `TRAINING_STATE`
 */
export async function train(setup: TrainSetup): Promise<TrainResult> {
  const run = await TrainingRun.open(setup)
  try {
    await run.catchUp()
    while (run.done < run.total) {
      await run.step()
      await run.validate()
      run.report()
      if (run.isSaveDue) await run.save()
    }
    return await run.result()
  } catch (error) {
    const { signal } = setup
    if (signal?.aborted !== true || error !== signal.reason) throw error
    await run.save()
    throw new SkipwiseError('TRAINING_INTERRUPTED', {
      problem: `training stopped after step ${run.done} of ${run.total}`,
      fix: 'run the same command again to resume',
      cause: error
    })
  } finally {
    await run.dispose()
  }
}

/** Removes the state of a finished run, once its result is written. */
export async function finishTraining(stateFolder: string): Promise<void> {
  await removeState(stateFolder)
  await removeBest(stateFolder)
}
