import { isJsonNumber, jsonTokens } from '@skipwise/core'

/** A number of a JSON text as it is written. */
export interface NumberSpelling {
  /** Keys from the root, list positions as numbers. */
  readonly path: readonly (string | number)[]
  readonly text: string
}

/**
 * RoPE keys are far above this depth. Deeper numbers are left out, since paths of a hostile depth would cost its
 * square.
 */
const MAX_DEPTH = 8

/**
 * The numbers of a valid JSON text down to a depth of 8, with the path to each. `JSON.parse` gives 8 for `8` and `8.0`;
 * Python gives an int and a float.
 *
 * @param text JSON that `JSON.parse` accepts; for any other text the result is meaningless, but it does not throw
 */
export function numberSpellings(text: string): NumberSpelling[] {
  const found: NumberSpelling[] = []
  const path: (string | number)[] = []
  const open: string[] = []
  let hasKey = false
  for (const { start, end } of jsonTokens(text, 0)) {
    const first = text[start]
    const inList = open.at(-1) === '['
    if (first === '{' || first === '[') {
      open.push(first)
      path.push(first === '[' ? 0 : '')
      hasKey = false
    } else if (first === '}' || first === ']') {
      open.pop()
      path.pop()
    } else if (first === ',') {
      hasKey = false
      const at = path.at(-1)
      if (typeof at === 'number') path[path.length - 1] = at + 1
    } else if (first === '"') {
      if (inList || hasKey) continue
      path[path.length - 1] = unquote(text.slice(start, end))
      hasKey = true
    } else if (isJsonNumber(first) && path.length <= MAX_DEPTH)
      found.push({ path: [...path], text: text.slice(start, end) })
  }
  return found
}

function unquote(token: string): string {
  try {
    return String(JSON.parse(token))
  } catch {
    return token
  }
}
