/** The form of a length in tokens with k, such as `2k`: the pattern of a JSON Schema. */
export const TOKEN_COUNT_PATTERN = '^[0-9]{1,12}[kK]$'

const WITH_K = new RegExp(TOKEN_COUNT_PATTERN)
const DIGITS = /^[0-9]{1,15}$/
const K = 1024

/**
 * Reads a length in tokens as people type it: `2048`, `2k` or `2K` (k = 1,024).
 *
 * @returns tokens, 0 or more; undefined for any other text
 *
 * @example
 * ```ts
 * console.log(readTokenCount('128k')) // 131072
 * ```
 */
export function readTokenCount(text: string): number | undefined {
  if (WITH_K.test(text)) return K * Number(text.slice(0, -1))
  return DIGITS.test(text) ? Number(text) : undefined
}
