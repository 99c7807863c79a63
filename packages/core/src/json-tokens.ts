/** A token of a JSON text: a bracket, a comma, a colon, a string, a number or a word. */
export interface JsonToken {
  readonly start: number
  /** Offset after its last character. */
  readonly end: number
}

/** Whether a token is a number. */
export const isJsonNumber = (token: string): boolean => /^[-\d]/.test(token)

/**
 * The tokens of a valid JSON text from an offset on. Strings are found by their end: a regular expression for them
 * overflows the stack on a string of megabytes.
 */
export function* jsonTokens(text: string, offset: number): Generator<JsonToken> {
  const other = /[{}[\],:]|-?\d[\d.eE+-]*|[a-z]+|"/g
  other.lastIndex = offset
  for (let match = other.exec(text); match; match = other.exec(text)) {
    const start = match.index
    const end = match[0] === '"' ? endOfString(text, start) : start + match[0].length
    yield { start, end }
    other.lastIndex = end
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
