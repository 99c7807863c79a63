/** A number of a JSON text as it is spelt. */
export interface NumberSpelling {
  /** Keys from the root, list positions as numbers. */
  readonly path: readonly (string | number)[]
  readonly text: string
}

/**
 * Every number of a valid JSON text, with the path to it. `JSON.parse` gives 8 for `8` and `8.0`; Python gives an int and a float.
 *
 * @param text JSON that `JSON.parse` accepts; of another text the result means nothing, but there is one
 */
export function numberSpellings(text: string): NumberSpelling[] {
  const found: NumberSpelling[] = [], path: (string | number)[] = [], open: string[] = []
  let hasKey = false
  for (const token of tokens(text)) {
    const inList = open.at(-1) === '['
    if (token === '{' || token === '[') {
      open.push(token)
      path.push(token === '[' ? 0 : '')
      hasKey = false
    } else if (token === '}' || token === ']') {
      open.pop()
      path.pop()
    } else if (token === ',') {
      hasKey = false
      if (inList) path[path.length - 1] = (path.at(-1) as number) + 1
    } else if (token.startsWith('"')) {
      if (inList || hasKey) continue
      path[path.length - 1] = unquote(token)
      hasKey = true
    } else if (/^[-\d]/.test(token)) found.push({ path: [...path], text: token })
  }
  return found
}

/** Strings are found by their end: a regular expression overflows the stack on a string of megabytes. */
function* tokens(text: string): Generator<string> {
  const other = /[{}[\],:]|-?\d[\d.eE+-]*|[a-z]+|"/g
  for (let match = other.exec(text); match; match = other.exec(text)) {
    if (match[0] === '"') {
      const end = endOfString(text, match.index)
      yield text.slice(match.index, end)
      other.lastIndex = end
    } else yield match[0]
  }
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text[end - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return end + 1
  }
  return text.length
}

function unquote(token: string): string {
  try {
    return JSON.parse(token) as string
  } catch {
    return token
  }
}
