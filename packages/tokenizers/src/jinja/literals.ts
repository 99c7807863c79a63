import { TemplateFault } from './template-fault.js'

const SIMPLE: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v'
}
const DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

/**
 * What stands between the quotes of a string, with Python's escapes; one that Python does not know keeps its
 * backslash.
 */
export const readString = (inner: string): string =>
  inner.replace(/\\([0-7]{1,3}|N\{[^}]*\}|[xuU][0-9a-fA-F]*|[^])/gu, (whole, escape: string) => {
    if (escape in SIMPLE) return SIMPLE[escape]
    if (/^[0-7]/.test(escape)) return String.fromCharCode(parseInt(escape, 8))
    if (/^N/.test(escape)) throw new TemplateFault(`the character name ${whole} is not known here`)
    const length = DIGITS[escape[0]]
    if (length !== undefined) {
      const digits = escape.slice(1, 1 + length)
      const code = parseInt(digits, 16)
      if (digits.length < length || code > 0x10ffff) throw new TemplateFault(`${whole} is not a whole escape`)
      return String.fromCodePoint(code) + escape.slice(1 + length)
    }
    // Jinja escapes what is not ASCII first, and then the backslash before it escapes that escape
    const code = escape.codePointAt(0) ?? 0
    if (code < 0x80) return whole
    const hex = code.toString(16)
    return code <= 0xff ? `\\x${hex}` : code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
  })

/** A number as it is written in a template. */
export function readNumber(spelled: string): bigint | number {
  const digits = spelled.replaceAll('_', '')
  if (digits.length > 4300) throw new TemplateFault('a number is too long')
  return /^(?:0[box][\da-f]+|\d+)$/i.test(digits) ? BigInt(digits) : Number(digits)
}
