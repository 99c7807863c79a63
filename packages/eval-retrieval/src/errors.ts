import type { ErrorCodes } from '@skipwise/core'

/** The codes that `@skipwise/eval-retrieval` throws. */
export const evalRetrievalErrorCodes = {
  PASSKEY_LENGTH: 'A length is too small for the task, the key and the question alone.',
  PASSKEY_NOISE: 'The noise text has no words.',
  RETRIEVAL_LENGTH: 'A length is too small for the shortest question of a task and its answer.',
  RETRIEVAL_HAYSTACK: 'The text to hide needles in cannot be read, or is empty.'
} as const satisfies ErrorCodes
