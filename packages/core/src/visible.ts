/**
 * What a terminal, a browser or an editor obeys and does not show: control characters (C0, DEL, C1), line and paragraph
 * separators, halves of surrogate pairs, and what turns the direction of text.
 */
const INVISIBLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}]/gu

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** The escape that stands for a character, as in a string of JavaScript. */
function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return (
    SHORT[character] ??
    (code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`)
  )
}

/**
 * A text of somebody else as part of one line: what would be obeyed is shown as an escape, so that a name from a file
 * can neither move the cursor, nor set the title of a window, nor begin a line of its own. A text that is visible
 * already stays as it is.
 *
 * @example
 * ```ts
 * console.log(visible('llama\u001b]0;pwned\u0007')) // llama\x1b]0;pwned\x07
 * ```
 */
export const visible = (text: string): string => text.replace(INVISIBLE, escapeOf)

/** As {@link visible}, for text of several lines: line feeds and tabs stay. */
export const visibleLines = (text: string): string =>
  text.replace(INVISIBLE, character => (character === '\n' || character === '\t' ? character : escapeOf(character)))

/**
 * A value as JSON that is safe to show: what `JSON.stringify` leaves as it is and a terminal obeys becomes an
 * escape of JSON. It reads back as the same value.
 *
 * @param space as of `JSON.stringify`
 * @throws TypeError for what is no value of JSON
 *
 * @example
 * ```ts
 * console.log(visibleJson({ name: '\u009b2J' })) // {"name":"\u009b2J"}, in ASCII
 * ```
 */
export function visibleJson(value: unknown, space?: number): string {
  const text: unknown = JSON.stringify(value, null, space)
  if (typeof text !== 'string') throw new TypeError('not a value of JSON')
  return visibleJsonText(text)
}

/** As {@link visibleJson}, for a text that is JSON already. Outside strings JSON holds nothing invisible but spaces. */
export const visibleJsonText = (json: string): string =>
  json.replace(INVISIBLE, character =>
    /[\n\r\t]/.test(character) ? character : `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`
  )

/**
 * A text of at most so many characters (UTF-16 units): of a longer one the beginning and the end, and how long it was.
 */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text
  const end = Math.floor(most / 4)
  return `${text.slice(0, most - end)} … (${text.length} characters) … ${text.slice(-end)}`
}

/** At most so many characters of what a user wrote are in a message. */
const SHOWN = 60

/**
 * The beginning of a text as part of a message: spaces instead of line breaks and control characters, and `…` where
 * something is left out.
 *
 * @param length characters at most; default 60
 */
export function clip(text: string, length = SHOWN): string {
  const start = text.slice(0, length + 1).replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ')
  return start.length > length ? `${start.slice(0, length)}…` : start
}
