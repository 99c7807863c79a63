const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** A value in the bytes of a JSON file, which is read in place. */
export class JsonSection {
  /**
   * @param bytes the file
   * @param start of the value: its bracket
   * @param end after its bracket
   */
  constructor(
    readonly bytes: Uint8Array,
    readonly start: number,
    readonly end: number
  ) {}
}

/**
 * Where values are in a JSON file. Only brackets and quotes are read: the values found may still be invalid JSON.
 *
 * @param path the keys that lead to an object
 * @param keys of that object whose values are wanted, which are lists and objects
 * @returns the values that it has, by key; undefined where they cannot be found this way, or a key has escapes or
 * appears twice
 */
export function findSections(
  bytes: Uint8Array,
  path: readonly string[],
  keys: readonly string[]
): ReadonlyMap<string, JsonSection> | undefined {
  const found = new Map<string, JsonSection>()
  const walker = new Walker(bytes)
  const walk = (depth: number): boolean => {
    const seen = new Set<string>()
    return walker.object(key => {
      if (seen.has(key)) return false
      seen.add(key)
      if (depth < path.length) return key === path[depth] ? walk(depth + 1) : walker.value()
      const start = walker.at
      if (!walker.value()) return false
      if (keys.includes(key)) {
        if (bytes[start] !== OPEN_LIST && bytes[start] !== OPEN_OBJECT) return false
        found.set(key, new JsonSection(bytes, start, walker.at))
      }
      return true
    })
  }
  return walk(0) ? found : undefined
}

/** A copy of a JSON file with `null` in place of some values. */
export function withoutSections(bytes: Uint8Array, sections: Iterable<JsonSection>): Uint8Array {
  const parts: Uint8Array[] = []
  let done = 0
  for (const { start, end } of [...sections].sort((one, other) => one.start - other.start)) {
    parts.push(bytes.subarray(done, start), Buffer.from('null'))
    done = end
  }
  return Buffer.concat([...parts, bytes.subarray(done)])
}

/** Steps through the bytes of JSON. Each method returns whether it succeeded. */
class Walker {
  at = 0

  constructor(readonly bytes: Uint8Array) {}

  /** Skips an object; `visit` skips the value of a key. */
  object(visit: (key: string) => boolean): boolean {
    if (!this.#take(OPEN_OBJECT)) return false
    if (this.#take(CLOSE_OBJECT)) return true
    do {
      this.#space()
      const start = this.at
      if (this.bytes[start] !== QUOTE || !this.value()) return false
      const key = Buffer.from(this.bytes.subarray(start + 1, this.at - 1)).toString('utf8')
      if (key.includes('\\') || !this.#take(COLON)) return false
      this.#space()
      if (!visit(key)) return false
    } while (this.#take(COMMA))
    return this.#take(CLOSE_OBJECT)
  }

  /** Skips a value of any kind. */
  value(): boolean {
    const { bytes } = this
    let at = this.at
    let depth = 0
    while (at < bytes.length) {
      const byte = bytes[at]
      if (byte === QUOTE) {
        at++
        while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
        if (at >= bytes.length) return false
      } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) depth++
      else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) depth--
      else if (depth === 0) {
        // A number or a word ends where a list or an object continues.
        while (at < bytes.length && !ENDS_WORD[bytes[at]]) at++
        if (at === this.at) return false
        this.at = at
        return true
      }
      at++
      if (depth === 0) {
        this.at = at
        return true
      }
      if (depth < 0) return false
    }
    return false
  }

  #space(): void {
    while (SPACE[this.bytes[this.at]]) this.at++
  }

  #take(byte: number): boolean {
    this.#space()
    if (this.bytes[this.at] !== byte) return false
    this.at++
    return true
  }
}

const tableOf = (bytes: readonly number[]) =>
  Uint8Array.from({ length: 256 }, (_, byte) => Number(bytes.includes(byte)))
const SPACE = tableOf([0x20, 0x09, 0x0a, 0x0d])
const ENDS_WORD = tableOf([0x20, 0x09, 0x0a, 0x0d, COMMA, CLOSE_LIST, CLOSE_OBJECT, COLON, QUOTE])
