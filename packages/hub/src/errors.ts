import type { ErrorCodes } from '@skipwise/core'

/** The codes that `@skipwise/hub` throws. */
export const hubErrorCodes = {
  HUB_REFERENCE: 'The text after hub: does not name a model on the Hugging Face Hub.',
  HUB_UNAUTHORIZED: 'The Hub refuses a model to this token, or to requests without one.',
  HUB_NOT_FOUND: 'The Hub has no such model, revision or file.',
  HUB_OFFLINE: 'The Hub cannot be reached, and the cache does not have the whole model.',
  HUB_INTERRUPTED: 'A download ended early several times; the next run continues where it stopped.',
  HUB_DAMAGED: 'A downloaded file differs from the one that the Hub lists.',
  HUB_FAILED: 'The Hub answers with an error, or with something other than expected.',
  HUB_SLOW: 'The Hub sends nothing, or too little, for too long, several times.',
  HUB_LIMIT:
    'The Hub sends or lists more than a model has: in an answer, in pages, in files or in a file without weights.',
  HUB_ENDPOINT: 'HF_ENDPOINT is not the address of a Hub.',
  HUB_CACHE: 'The folder of the cache cannot be read or written.',
  MODEL_NOT_FOUND: 'The folder of a model does not exist.'
} as const satisfies ErrorCodes
