import type { ErrorCodes } from '@skipwise/core'

/** The codes that `@skipwise/tokenizers` throws. */
export const tokenizerErrorCodes = {
  CHAT_TEMPLATE_NOT_FOUND: 'A model has no chat template.',
  CHAT_TEMPLATE_INVALID: 'A chat template or its file is invalid, or exceeds its limit of time or memory.',
  TOKENIZER_NOT_FOUND: 'A folder has no tokenizer.json or tokenizer.model that can be read.',
  TOKENIZER_INVALID: 'tokenizer.json, tokenizer.model or a file next to them does not describe a tokenizer.',
  TOKENIZER_UNSUPPORTED: 'tokenizer.json or tokenizer.model needs something that Skipwise does not support.'
} as const satisfies ErrorCodes
