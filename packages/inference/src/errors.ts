import type { ErrorCodes } from '@skipwise/core'

/** The codes that `@skipwise/inference` throws. */
export const inferenceErrorCodes = {
  INFERENCE_TOO_LONG: 'A sequence, with the tokens to generate, is longer than the model accepts.',
  INFERENCE_IDS: 'A sequence is empty, or has a token id that the model does not know.',
  INFERENCE_OPTIONS: 'An option of a language model, of scoring or of generation is out of range.',
  INFERENCE_WEIGHTS: 'A weight of the model is missing or has the wrong number of elements.',
  INFERENCE_DISPOSED: 'A language model was used after it was disposed of.'
} as const satisfies ErrorCodes
