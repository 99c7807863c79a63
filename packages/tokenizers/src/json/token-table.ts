/** Largest number of places examined for one token: a file that needs more was made to take long. */
const MOST_PROBES = 4096

const FACTOR = 0x01000193

/** FACTOR to the power of each usual length of a token. */
const POWERS = Int32Array.from({ length: 256 }, (_, length) => powerOf(length))

/** Initial number of tokens; each list is doubled when it is full. */
const FIRST = 1 << 6

/**
 * The tokens of a vocabulary with their ids. A Map of a quarter of a million texts, with a look-up for each part of
 * half a million merges, takes most of the time of opening a tokenizer. This one keeps the UTF-16 units of all tokens
 * in one array, and finds the parts of a merge, and their concatenation, without creating texts.
 */
export class TokenTable {
  #size = 0
  /** Units of all tokens, one token after the other. */
  #units = new Uint16Array(8 * FIRST)
  /** Where in them each token ends; the first is of no token. */
  #ends = new Int32Array(FIRST + 1)
  #ids = new Int32Array(FIRST)
  #hashes = new Int32Array(FIRST)
  /** Index of a token in the lists, plus one. At most half of the places are used. */
  #slots = new Int32Array(2 * FIRST)
  #longest = 0
  /** Scratch memory for a text that is looked up. */
  #text = new Uint16Array(FIRST)

  /** Number of tokens. Their indices are 0, …, `size` - 1, in the order in which they were set. */
  get size(): number {
    return this.#size
  }

  idAt(at: number): number {
    return this.#ids[at]
  }

  textAt(at: number): string {
    return textOf(this.unitsAt(at))
  }

  /** A view of the units, which the next {@link set} may invalidate. */
  unitsAt(at: number): Uint16Array {
    return this.#units.subarray(this.#ends[at], this.#ends[at + 1])
  }

  get(token: string): number | undefined {
    const at = this.findText(token, 0, token.length)
    return at < 0 ? undefined : this.#ids[at]
  }

  /** A later id of the same token replaces an earlier one. @throws RangeError for tokens made to collide */
  set(token: string, id: number): void {
    const units = this.#read(token, 0, token.length)
    this.setUnits(units, token.length, hashOf(units, 0, token.length), id)
  }

  /** The same for a token that is the first `length` units of some, with its {@link hashOf}. */
  setUnits(units: Uint16Array, length: number, hash: number, id: number): void {
    const at = this.find(units, 0, length, hash)
    if (at >= 0) {
      this.#ids[at] = id
      return
    }
    const number = this.#size + 1
    if (number > this.#ids.length) this.#grow()
    const start = this.#ends[this.#size]
    while (start + length > this.#units.length) this.#units = enlarged(this.#units)
    for (let i = 0; i < length; i++) this.#units[start + i] = units[i]
    this.#ends[number] = start + length
    this.#ids[this.#size] = id
    this.#hashes[this.#size] = hash
    this.#size = number
    if (length > this.#longest) this.#longest = length
    this.#place(hash, number)
  }

  /** Index of the token that equals a part of a text, -1 for none. */
  findText(text: string, start: number, end: number): number {
    if (end - start > this.#longest) return -1
    const units = this.#read(text, start, end)
    return this.find(units, 0, end - start, hashOf(units, 0, end - start))
  }

  /** Index of the token that equals a part of some units, -1 for none. */
  find(units: Uint16Array, start: number, end: number, hash: number): number {
    const slots = this.#slots
    const hashes = this.#hashes
    const mask = slots.length - 1
    let slot = spread(hash) & mask
    for (let probes = 0; probes < MOST_PROBES; probes++) {
      const at = slots[slot] - 1
      if (at < 0) return -1
      if (hashes[at] === hash && this.#is(at, units, start, end)) return at
      slot = (slot + 1) & mask
    }
    throw collide()
  }

  /** The same for the concatenation of two tokens, given by their indices. */
  findJoined(left: number, right: number): number {
    const slots = this.#slots
    const hashes = this.#hashes
    const ends = this.#ends
    const rightLength = ends[right + 1] - ends[right]
    const leftLength = ends[left + 1] - ends[left]
    const hash = joinHashes(hashes[left], hashes[right], rightLength)
    const mask = slots.length - 1
    let slot = spread(hash) & mask
    for (let probes = 0; probes < MOST_PROBES; probes++) {
      const at = slots[slot] - 1
      if (at < 0) return -1
      if (
        hashes[at] === hash &&
        ends[at + 1] - ends[at] === leftLength + rightLength &&
        this.#has(ends[at], left) &&
        this.#has(ends[at] + leftLength, right)
      )
        return at
      slot = (slot + 1) & mask
    }
    throw collide()
  }

  /** Whether a token equals a part of some units. */
  #is(at: number, units: Uint16Array, start: number, end: number): boolean {
    const own = this.#units
    const first = this.#ends[at]
    const length = end - start
    if (this.#ends[at + 1] - first !== length) return false
    for (let i = 0; i < length; i++) if (own[first + i] !== units[start + i]) return false
    return true
  }

  /** Whether the units from an offset on are those of a token. */
  #has(place: number, token: number): boolean {
    const units = this.#units
    const end = this.#ends[token + 1]
    for (let i = this.#ends[token], j = place; i < end; i++, j++) if (units[i] !== units[j]) return false
    return true
  }

  /** The units of a part of a text, in scratch memory. */
  #read(text: string, start: number, end: number): Uint16Array {
    while (end - start > this.#text.length) this.#text = enlarged(this.#text)
    const units = this.#text
    for (let i = start; i < end; i++) units[i - start] = text.charCodeAt(i)
    return units
  }

  #place(hash: number, number: number): void {
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = spread(hash) & mask
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    slots[slot] = number
  }

  #grow(): void {
    const most = 2 * this.#ids.length
    this.#ends = enlarged(this.#ends, most + 1)
    this.#ids = enlarged(this.#ids)
    this.#hashes = enlarged(this.#hashes)
    this.#slots = new Int32Array(2 * most)
    for (let at = 0; at < this.#size; at++) this.#place(this.#hashes[at], at + 1)
  }
}

const collide = () => new RangeError('its tokens are made to collide')

/** A copy in a longer array. */
function enlarged<List extends Int32Array | Uint16Array>(list: List, length = 2 * list.length): List {
  const longer = list instanceof Uint16Array ? new Uint16Array(length) : new Int32Array(length)
  longer.set(list)
  return longer as List
}

/** A text from units; a call takes some thousands of them at once. */
function textOf(units: Uint16Array): string {
  let text = ''
  for (let i = 0; i < units.length; i += 4096) text += String.fromCharCode(...units.subarray(i, i + 4096))
  return text
}

/** A hash of a part of some units; that of a concatenation follows from those of its parts. */
export function hashOf(units: Uint16Array, start: number, end: number): number {
  let hash = 0
  for (let i = start; i < end; i++) hash = (Math.imul(hash, FACTOR) + units[i] + 1) | 0
  return hash
}

/** The hash of some units followed by `length` others. */
export const joinHashes = (left: number, right: number, length: number): number =>
  (Math.imul(left, length < POWERS.length ? POWERS[length] : powerOf(length)) + right) | 0

/** FACTOR to a power, in 32 bits. */
function powerOf(exponent: number): number {
  let result = 1
  let power = FACTOR
  for (let n = exponent; n > 0; n >>= 1) {
    if (n & 1) result = Math.imul(result, power)
    power = Math.imul(power, power)
  }
  return result
}

/** Mixes all bits of a hash into the low ones. */
function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return mixed ^ (mixed >>> 13)
}
