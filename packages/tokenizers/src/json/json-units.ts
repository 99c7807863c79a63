import { hashOf } from './token-table.js'

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** The character of a letter after a backslash; 0 for any other letter. */
const ESCAPED = new Uint8Array(128)
const LETTERS = '"\\/bfnrt'
const MEANINGS = '"\\/\b\f\n\r\t'
for (let i = 0; i < LETTERS.length; i++) ESCAPED[LETTERS.charCodeAt(i)] = MEANINGS.charCodeAt(i)

/**
 * Reads strings and integers of JSON from bytes, as UTF-16 units, without creating a text for each. It reads what
 * `JSON.parse` reads, except broken UTF-8 and other kinds of numbers; there it fails, and its caller uses `JSON.parse`.
 */
export class JsonUnits {
  /** The units of the last string: the first {@link length} of these. */
  units = new Uint16Array(64)
  length = 0

  /**
   * @param bytes JSON
   * @param at the next byte
   */
  constructor(
    readonly bytes: Uint8Array,
    public at: number
  ) {}

  /** The hash of a part of the last string. */
  hash(start = 0, end = this.length): number {
    return hashOf(this.units, start, end)
  }

  /** Skips white space, and a byte where it comes next. */
  take(byte: number): boolean {
    const { bytes } = this
    let at = this.at
    while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++
    this.at = at
    if (bytes[at] !== byte) return false
    this.at = at + 1
    return true
  }

  /** Skips white space and reads an integer of up to seven digits; -1 for anything else. */
  integer(): number {
    const { bytes } = this
    this.take(0)
    const start = this.at
    let value = 0
    let at = start
    while (bytes[at] >= 0x30 && bytes[at] <= 0x39) {
      value = 10 * value + bytes[at] - 0x30
      at++
    }
    const digits = at - start
    this.at = at
    // The caller does not accept what follows, such as a fraction.
    return digits === 0 || digits > 7 || (digits > 1 && bytes[start] === 0x30) ? -1 : value
  }

  /** Skips white space and reads a string into {@link units}; false for anything that it does not read. */
  string(): boolean {
    if (!this.take(QUOTE)) return false
    const { bytes } = this
    let { units } = this
    let length = 0
    let at = this.at
    while (at < bytes.length) {
      const byte = bytes[at]
      if (byte === QUOTE) {
        this.at = at + 1
        this.length = length
        return true
      }
      if (length + 2 > units.length) {
        units = new Uint16Array(2 * units.length)
        units.set(this.units)
        this.units = units
      }
      if (byte < 0x80) {
        if (byte < 0x20) return false
        if (byte !== BACKSLASH) {
          units[length++] = byte
          at++
          continue
        }
        const letter = bytes[at + 1]
        if (letter === 0x75) {
          const unit = hexOf(bytes, at + 2)
          if (unit < 0) return false
          units[length++] = unit
          at += 6
          continue
        }
        const meaning = letter < 0x80 ? ESCAPED[letter] : 0
        if (meaning === 0) return false
        units[length++] = meaning
        at += 2
        continue
      }
      const point = pointAt(bytes, at)
      if (point < 0) return false
      if (point > 0xffff) {
        units[length++] = 0xd7c0 + (point >> 10)
        units[length++] = 0xdc00 + (point & 0x3ff)
        at += 4
        continue
      }
      units[length++] = point
      at += point > 0x7ff ? 3 : 2
    }
    return false
  }
}

/** The code point that begins at a byte above 0x7f; -1 where it is not one in UTF-8. */
function pointAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at]
  const more = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0
  if (more === 0 || at + more >= bytes.length) return -1
  let point = first & (0x3f >> more)
  for (let i = 1; i <= more; i++) {
    const byte = bytes[at + i]
    if ((byte & 0xc0) !== 0x80) return -1
    point = (point << 6) | (byte & 0x3f)
  }
  const least = more === 1 ? 0x80 : more === 2 ? 0x800 : 0x10000
  const surrogate = point >= 0xd800 && point <= 0xdfff
  return point < least || surrogate || point > 0x10ffff ? -1 : point
}

/** Four hexadecimal digits; -1 for anything else. */
function hexOf(bytes: Uint8Array, at: number): number {
  let unit = 0
  for (let i = at; i < at + 4; i++) {
    const byte = bytes[i]
    const letter = byte | 0x20
    const digit = byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
    if (digit < 0) return -1
    unit = (unit << 4) | digit
  }
  return unit
}
