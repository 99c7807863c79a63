import type { ErrorCodes } from '@skipwise/core'

/** The codes that `@skipwise/positional-encodings` throws. */
export const positionalEncodingErrorCodes = {
  ENCODING_XPOS:
    'Positions are beyond what float32 tables of xPos hold, or the interpolation scheme has an attention factor, which xPos does not support.'
} as const satisfies ErrorCodes
