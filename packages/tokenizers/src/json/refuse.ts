import { SkipwiseError } from '@skipwise/core'

/** `TOKENIZER_UNSUPPORTED`: what is not supported, and where. */
export const unsupported = (where: string, problem: string): SkipwiseError =>
  new SkipwiseError('TOKENIZER_UNSUPPORTED', {
    problem: `${where}: ${problem}`,
    fix: 'use a tokenizer without it, or tokenize the data elsewhere'
  })
