import type { ErrorCodes } from '@skipwise/core'

/** The codes that `@skipwise/training` throws. */
export const trainingErrorCodes = {
  TRAINING_OPTIONS: 'Training options contradict one another or the model.',
  TRAINING_FREEZE: 'A pattern of frozen parameters fits none, or all are frozen.',
  TRAINING_LORA: 'The modules that adapters are asked for are not there, or cannot have any.',
  TRAINING_POSITIONS:
    'A training example breaks the rules of position ids: strictly increasing, below the target window, one a token.',
  TRAINING_MEMORY: 'A training run does not fit in memory, by the plan made before it.',
  TRAINING_DIVERGED:
    'The loss or the gradient norm is not a finite number; training stopped, the last saved state is kept.',
  TRAINING_SPIKE: 'A guard stopped training at a spike of the loss or the gradient norm; the state before it is saved.',
  TRAINING_INTERRUPTED: 'Training was interrupted; its state is saved and the same command goes on from there.',
  TRAINING_METRICS: 'The metrics of a run cannot be written.',
  TRAINING_STATE: 'The saved state of an interrupted training does not belong to this run, or is damaged.'
} as const satisfies ErrorCodes
