import type { ErrorCodes } from '@skipwise/core'

/** The codes that `@skipwise/training` throws. */
export const trainingErrorCodes = {
  TRAINING_OPTIONS: 'Training options contradict each other or the model.',
  TRAINING_FREEZE: 'A pattern of frozen parameters matches none, or all are frozen.',
  TRAINING_LORA: 'The modules chosen for adapters do not exist, or cannot have one.',
  TRAINING_POSITIONS:
    'A training example breaks the rules of position ids: strictly increasing, below the target window, one per token.',
  TRAINING_MEMORY: 'By the plan made before it, a training run does not fit in memory.',
  TRAINING_DIVERGED:
    'The loss or the gradient norm is not a finite number; training stopped, the last saved state is kept.',
  TRAINING_SPIKE: 'A guard stopped training at a spike of the loss or the gradient norm; the state before it is saved.',
  TRAINING_INTERRUPTED: 'Training was interrupted and its state is saved: run the same command again to resume.',
  TRAINING_METRICS: 'The metrics of a run cannot be written.',
  TRAINING_STATE: 'The saved state of an interrupted training does not belong to this run, or is damaged.'
} as const satisfies ErrorCodes
