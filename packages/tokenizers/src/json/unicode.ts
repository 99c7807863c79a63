import {
  NUMERIC as NUMERIC_TABLE,
  PUNCTUATION as PUNCTUATION_TABLE,
  UNASSIGNED_16,
  UNASSIGNED_9
} from './unicode-tables.js'

// Sources of character classes, for expressions with the flag v. JavaScript's \s, \w, \d and \b match other characters
// than those of the Rust library, and its \p{…} those of a later Unicode: none of them is used here.

/** The ranges of a table of unicode-tables.ts, as the inside of a class. */
function classOf(table: string): string {
  let end = 0
  let inside = ''
  for (const range of table.split(' ')) {
    const [distance, length = '0'] = range.split('-')
    const first = end + parseInt(distance, 36)
    end = first + parseInt(length, 36)
    inside += `\\u{${first.toString(16)}}`
    if (end > first) inside += `-\\u{${end.toString(16)}}`
  }
  return inside
}

/** White space of Unicode: `char::is_whitespace` of Rust, `\s` of both its regular expression libraries. */
export const ANY_SPACE = '\\p{White_Space}'

/** Rust's `char::is_numeric`: decimal digits of every script, numbers of letters (Ⅷ), fractions. */
export const NUMERIC = `[${classOf(NUMERIC_TABLE)}]`

export const PUNCTUATION = `[${classOf(PUNCTUATION_TABLE)}]`

/** Characters added after Unicode 16, without the one letter whose category has changed since. */
const NEWER = `[[${classOf(UNASSIGNED_16)}]--\\p{Cn}]`

/** U+0295 was a lower-case letter until Unicode 17. */
const MOVED_LETTER = '\\u{295}'

const newerCharacters = new RegExp(`[${NEWER}${MOVED_LETTER}]`, 'v')

/**
 * Whether a text has characters that the reference and Node put in different classes: then {@link property} must be
 * exact.
 */
export const hasNewerCharacters = (text: string): boolean => newerCharacters.test(text)

/** Categories and scripts that are known to be the same except for newer characters (test/golden/unicode.json). */
const PROPERTIES = new Map(
  'L N M P S Z Lu Ll Lt Lm Lo Nd Nl No Mn Mc Me Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp'
    .split(' ')
    .map(name => [name, `\\p{${name}}`])
    .concat(['Han', 'Hiragana', 'Katakana'].map(name => [name, `\\p{Script=${name}}`]))
    .map(([name, source]) => [name, source])
)

/**
 * The class of a property of Oniguruma (Unicode 16), or undefined for an unknown one.
 *
 * @param exact whether newer characters are left out, which is slow to build
 */
export function property(name: string, exact: boolean): string | undefined {
  const plain = PROPERTIES.get(name)
  if (plain === undefined || !exact) return plain
  const older = `[${plain}--${NEWER}]`
  if (name === 'Ll') return `[${older}${MOVED_LETTER}]`
  if (name === 'Lo') return `[${older}--${MOVED_LETTER}]`
  return older
}

/** `\w` of Oniguruma: letters, marks, decimal digits, connectors, and the other numbers of Latin-1 (², ½). */
export function wordClass(exact: boolean): string {
  const plain = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u{b2}\\u{b3}\\u{b9}\\u{bc}-\\u{be}]'
  return exact ? `[${plain}--${NEWER}]` : plain
}

/** `\w` of Rust's regex, which decides for tokens of single words. */
export const WORD_CHARACTER = `[[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]--${NEWER}]`

const UNKNOWN_TO_FORMS = `[${classOf(UNASSIGNED_9)}]`

/** Marks that StripAccents removes; three have changed since. */
export const ACCENT = `[[\\p{M}\\u{1cf2}\\u{1cf3}]--[${classOf(UNASSIGNED_9)}\\u{111c9}]]`

const unknownToForms = new RegExp(`(${UNKNOWN_TO_FORMS}+)`, 'v')

/** A normal form of Unicode 9: later characters have none, and separate the text on both sides. */
export function normalForm(text: string, form: 'NFC' | 'NFD' | 'NFKC' | 'NFKD'): string {
  const normal = text.normalize(form)
  if (normal === text || !unknownToForms.test(text)) return normal
  return text
    .split(unknownToForms)
    .map((part, i) => (i % 2 ? part : part.normalize(form)))
    .join('')
}

/** Lower case character by character: only JavaScript has another sigma at the end of a word. */
export const lowercase = (text: string): string =>
  text
    .split('Σ')
    .map(part => part.toLowerCase())
    .join('σ')
