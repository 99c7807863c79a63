/**
 * Characters that a terminal, a browser or an editor acts on and does not show: control characters (C0, DEL, C1), line
 * and paragraph separators, halves of surrogate pairs, and those that change the direction of text.
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
 * An untrusted text as part of one line. Characters that would be acted on are shown as escapes, so that a name from a
 * file cannot move the cursor, set the title of a window or begin a line of its own. A text without them stays as it
 * is.
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
 * A value as JSON that is safe to show: characters that `JSON.stringify` leaves and a terminal acts on become JSON
 * escapes. It parses back to the same value.
 *
 * @param space as of `JSON.stringify`
 * @throws TypeError for a value that JSON does not have
 *
 * @example
 * ```ts
 * console.log(visibleJson({ name: '\u009b2J' })) // {"name":"\u009b2J"}, in ASCII
 * ```
 */
export function visibleJson(value: unknown, space?: number): string {
  const text: unknown = JSON.stringify(value, null, space)
  if (typeof text !== 'string') throw new TypeError('not a JSON value')
  return visibleJsonText(text)
}

/**
 * As {@link visibleJson}, for a text that is JSON already. Outside strings the only invisible characters of JSON are
 * spaces.
 */
export const visibleJsonText = (json: string): string =>
  json.replace(INVISIBLE, character =>
    /[\n\r\t]/.test(character) ? character : `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`
  )

/**
 * A text of at most `length` characters (UTF-16 units): a longer one is cut in the middle, and says how long it was.
 */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text
  const end = Math.floor(most / 4)
  return `${text.slice(0, most - end)} … (${text.length} characters) … ${text.slice(-end)}`
}

/** Characters of a user's text that a message shows at most. */
const SHOWN = 60

/**
 * The beginning of a text as part of a message: spaces instead of line breaks and control characters, and `…` where
 * something is left out.
 *
 * @param length maximal number of characters; default 60
 */
export function clip(text: string, length = SHOWN): string {
  const start = text.slice(0, length + 1).replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ')
  return start.length > length ? `${start.slice(0, length)}…` : start
}
