import type { ErrorCodes } from '@skipwise/core'

/** The codes that `@skipwise/gguf` throws. */
export const ggufErrorCodes = {
  GGUF_INVALID: 'A file is not GGUF, is damaged, or claims what a GGUF file cannot have.',
  GGUF_TRUNCATED: 'A GGUF file ends before the bytes that its header promises.',
  GGUF_TENSOR: 'A tensor of a GGUF file is missing, or cannot be written or read as numbers.',
  GGUF_MODEL: 'llama.cpp would not load a model, or would compute something else; nothing was written.',
  GGUF_TOKENIZER: 'llama.cpp would give other token ids than the tokenizer of a model; nothing was written.'
} as const satisfies ErrorCodes
