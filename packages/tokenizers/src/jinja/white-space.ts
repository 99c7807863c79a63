/**
 * What Python's `str.isspace` and `\s` know, for a character class. JavaScript's \s has U+FEFF and lacks U+001C-1F and
 * U+0085.
 */
export const WHITE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'

const BEGIN = new RegExp(`^[${WHITE}]+`)
const WHITE_CHARACTER = new RegExp(`[${WHITE}]`)

/** `str.lstrip`, of any of `characters`. */
export function trimStart(text: string, characters?: string): string {
  if (characters === undefined) return text.replace(BEGIN, '')
  const taken = new Set(characters)
  let at = 0
  for (const character of text) {
    if (!taken.has(character)) break
    at += character.length
  }
  return text.slice(at)
}

/** `str.rstrip`, of any of `characters`. */
export function trimEnd(text: string, characters?: string): string {
  const taken = characters === undefined ? undefined : new Set(characters)
  let end = text.length
  while (end > 0) {
    const last = characterBefore(text, end)
    if (taken ? !taken.has(last) : !WHITE_CHARACTER.test(last)) break
    end -= last.length
  }
  return text.slice(0, end)
}

/** The whole character that ends at `end`, > 0. */
function characterBefore(text: string, end: number): string {
  const low = text.charCodeAt(end - 1)
  const high = end > 1 ? text.charCodeAt(end - 2) : 0
  const isPair = low >= 0xdc00 && low <= 0xdfff && high >= 0xd800 && high <= 0xdbff
  return text.slice(end - (isPair ? 2 : 1), end)
}

/** `str.strip`. */
export const trimBoth = (text: string, characters?: string): string => trimEnd(trimStart(text, characters), characters)
