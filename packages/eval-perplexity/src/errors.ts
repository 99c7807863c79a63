import type { ErrorCodes } from '@skipwise/core'

/** The codes that `@skipwise/eval-perplexity` throws. */
export const evalPerplexityErrorCodes = {
  PERPLEXITY_NO_DOCUMENTS: 'No document is as long as the largest window, or all text together too short for a window.',
  PERPLEXITY_NO_BOS: "BOS was asked for ('always'), or EOS is needed by the mode, but the tokenizer has none.",
  PERPLEXITY_NOT_FINITE: 'The model gave a log probability that is not a finite number.',
  PERPLEXITY_SCORE_LENGTH: 'The model did not give one log probability for each token after the first.'
} as const satisfies ErrorCodes
