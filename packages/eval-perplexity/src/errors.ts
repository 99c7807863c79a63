import type { ErrorCodes } from '@skipwise/core'

/** The codes that `@skipwise/eval-perplexity` throws. */
export const evalPerplexityErrorCodes = {
  PERPLEXITY_NO_DOCUMENTS:
    'No document is as long as the largest window, or all text together is too short for one window.',
  PERPLEXITY_NO_BOS: "BOS was requested ('always'), or EOS is needed by the mode, but the tokenizer has none.",
  PERPLEXITY_NOT_FINITE: 'The model returned a log probability that is not a finite number.',
  PERPLEXITY_SCORE_LENGTH: 'The model did not return one log probability for each token after the first.'
} as const satisfies ErrorCodes
