import type { ErrorCodes } from '@skipwise/core'

/** The codes that `@skipwise/evaluation` throws. */
export const evaluationErrorCodes = {
  EVAL_COMPARE: 'Two results have nothing in common to compare.',
  EVAL_RESULT: 'A file is not the result of an evaluation.',
  EVAL_OUTPUT: 'The file for a result contains something else.',
  RESULT_IN_USE: 'Another process is writing its result to the same file.',
  EVAL_SHARD:
    'Shards of an evaluation do not make a whole: one is missing, damaged, of another run, or was given two answers.',
  EVAL_NO_CHECKPOINTS: 'A folder contains no model and no checkpoints.',
  STATE_DAMAGED: 'A file that an unfinished run would resume from has changed since it was written.'
} as const satisfies ErrorCodes
