import { isSkipwiseError } from '@skipwise/core'

/** The code of the SkipwiseError that `action` throws, undefined if it throws nothing; other errors pass through. */
export function codeOf(action: () => unknown): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    if (isSkipwiseError(error)) return error.code
    throw error
  }
}
