// What `str.isspace` is true for (Unicode bidirectional type WS, B or S, or category Zs): JavaScript's \s has U+FEFF
// more, and lacks U+001C to U+001F and U+0085.
const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const LEADING = new RegExp(`^${SPACE}+`, 'u')
const SPACES = new RegExp(`^${SPACE}$`, 'u')

/** Python's `str.rstrip()`. */
export function rstrip(text: string): string {
  let end = text.length
  // Every such character is one UTF-16 unit.
  while (end > 0 && SPACES.test(text[end - 1])) end--
  return text.slice(0, end)
}

/** Python's `str.strip()`. */
export const strip = (text: string): string => rstrip(text.replace(LEADING, ''))

/** Python's `str.capitalize()`: the first character in title case, **all others in lower case**. */
export function capitalize(text: string): string {
  const [first = ''] = text
  return titleCase(first) + lowerCase(text.slice(first.length), first)
}

/** Python's `len(str)`: code points. */
export const codePoints = (text: string): number => {
  let count = 0
  for (const _ of text) count++
  return count
}

/**
 * Title case of a character, which is not its upper case for digraphs and for those whose upper case is several
 * letters.
 */
function titleCase(character: string): string {
  if (character === '\u0149') return '\u02bcN'
  const digraph = DIGRAPHS.get(character)
  if (digraph !== undefined) return digraph
  // Georgian Mkhedruli has capitals since Unicode 11, but is not put in title case; iota subscript letters have title
  // forms of their own.
  if (/^[\u10d0-\u10fa\u10fd-\u10ff]$/u.test(character)) return character
  const subscript = iotaTitleCase(character)
  if (subscript !== undefined) return subscript
  const upper = character.toUpperCase()
  const [head = ''] = upper
  return head === upper ? upper : head + upper.slice(head.length).toLowerCase()
}

const DIGRAPHS = new Map(
  ['\u01c4\u01c5\u01c6', '\u01c7\u01c8\u01c9', '\u01ca\u01cb\u01cc', '\u01f1\u01f2\u01f3'].flatMap(
    ([upper, title, lower]) => [upper, title, lower].map(each => [each, title] as const)
  )
)

/**
 * Greek letters with iota subscript: ᾳ ᾼ, ῃ ῌ, ῳ ῼ, and the rows of ᾀ, ᾐ, ᾠ, whose title case is eight letters later.
 */
function iotaTitleCase(character: string): string | undefined {
  const code = character.codePointAt(0) ?? 0
  if (code >= 0x1f80 && code <= 0x1faf) return String.fromCodePoint(code | 8)
  const plain: Readonly<Record<number, number>> = {
    0x1fb3: 0x1fbc,
    0x1fc3: 0x1fcc,
    0x1ff3: 0x1ffc,
    0x1fbc: 0x1fbc,
    0x1fcc: 0x1fcc,
    0x1ffc: 0x1ffc
  }
  if (plain[code] !== undefined) return String.fromCodePoint(plain[code])
  // with a second accent the subscript stays a combining mark: ᾲ → Ὰͅ
  const accented: Readonly<Record<number, string>> = {
    0x1fb2: '\u1fba\u0345',
    0x1fb4: '\u0386\u0345',
    0x1fb7: '\u0391\u0342\u0345',
    0x1fc2: '\u1fca\u0345',
    0x1fc4: '\u0389\u0345',
    0x1fc7: '\u0397\u0342\u0345',
    0x1ff2: '\u1ffa\u0345',
    0x1ff4: '\u038f\u0345',
    0x1ff7: '\u03a9\u0342\u0345'
  }
  return accented[code]
}

/** Lower case of a text after `before`: a final sigma depends on the letter before it. */
const lowerCase = (text: string, before: string): string =>
  (before + text).toLowerCase().slice(before.toLowerCase().length)
