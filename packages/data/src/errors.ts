import type { ErrorCodes } from '@skipwise/core'

/** The codes that `@skipwise/data` throws. */
export const dataErrorCodes = {
  DATA_NO_FILES: 'A pattern of the data matches no file.',
  DATA_FILE_INVALID:
    'A data file cannot be read: missing permission, damaged gzip or zstd, not UTF-8, too large, changed meanwhile, or in an unsupported format.',
  DATA_LINE_INVALID: 'A record is not an object with a text, a prompt and a completion, or messages.',
  DATA_NO_TEMPLATE: 'Messages need a chat template, and none is given.',
  DATA_NO_DOCUMENTS: 'The data files contain no document.',
  DATA_TOO_SHORT: 'Every document has fewer tokens than an example needs.',
  DATA_SPLIT: 'A split would leave one side without documents.',
  DATA_EXAMPLE_RANGE: 'An example beyond the end of the epoch was requested.',
  DATA_CACHE_WRITE_FAILED: 'The cache of token ids could not be written.'
} as const satisfies ErrorCodes
