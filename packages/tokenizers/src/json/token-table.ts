/** Places that are looked at for one token: a file with more has been made to take long. */
const MOST_PROBES = 4096

const FACTOR = 0x01000193

/**
 * The tokens of a vocabulary with their ids. A Map of a quarter of a million texts, looked up for each part of half a
 * million merges, is most of what opening a tokenizer takes: this one finds the parts of a merge where they stand,
 * and both together, without making texts of them.
 */
export class TokenTable {
  readonly #tokens: string[] = []
  readonly #ids: number[] = []
  /** Where in the lists a token stands, plus one. */
  #slots = new Int32Array(1 << 10)

  /** Tokens that it has. */
  get size(): number {
    return this.#tokens.length
  }

  tokens(): readonly string[] {
    return this.#tokens
  }

  /** Ids, in the order of {@link tokens}. */
  ids(): readonly number[] {
    return this.#ids
  }

  get(token: string): number | undefined {
    const at = this.findPart(token, 0, token.length, hashOf(token, 0, token.length))
    return at < 0 ? undefined : this.#ids[at]
  }

  /** A later id of the same token replaces an earlier one. @throws RangeError for tokens made to collide */
  set(token: string, id: number): void {
    const hash = hashOf(token, 0, token.length)
    const at = this.findPart(token, 0, token.length, hash)
    if (at >= 0) {
      this.#ids[at] = id
      return
    }
    if (2 * (this.#tokens.length + 1) > this.#slots.length) this.#grow()
    this.#tokens.push(token)
    this.#ids.push(id)
    this.#place(hash, this.#tokens.length)
  }

  /** Where the token that is a part of a text stands in the lists, -1 for one that is not there. */
  findPart(text: string, start: number, end: number, hash: number): number {
    const slots = this.#slots
    const tokens = this.#tokens
    const mask = slots.length - 1
    const length = end - start
    let slot = spread(hash) & mask
    for (let probes = 0; probes < MOST_PROBES; probes++) {
      const at = slots[slot] - 1
      if (at < 0) return -1
      const token = tokens[at]
      if (token.length === length && text.startsWith(token, start)) return at
      slot = (slot + 1) & mask
    }
    throw collide()
  }

  /** The same of two tokens, by where they stand, put together. */
  findJoined(left: number, right: number, hash: number): number {
    const slots = this.#slots
    const tokens = this.#tokens
    const mask = slots.length - 1
    const before = tokens[left]
    const after = tokens[right]
    const length = before.length + after.length
    let slot = spread(hash) & mask
    for (let probes = 0; probes < MOST_PROBES; probes++) {
      const at = slots[slot] - 1
      if (at < 0) return -1
      const token = tokens[at]
      if (token.length === length && token.startsWith(before) && token.endsWith(after)) return at
      slot = (slot + 1) & mask
    }
    throw collide()
  }

  #place(hash: number, number: number): void {
    const mask = this.#slots.length - 1
    let slot = spread(hash) & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = number
  }

  #grow(): void {
    this.#slots = new Int32Array(4 * this.#slots.length)
    for (const [i, token] of this.#tokens.entries()) this.#place(hashOf(token, 0, token.length), i + 1)
  }
}

const collide = () => new RangeError('its tokens are made to collide')

/** A hash of a part of a text from which that of two parts together follows. */
export function hashOf(text: string, start: number, end: number): number {
  let hash = 0
  for (let i = start; i < end; i++) hash = (Math.imul(hash, FACTOR) + text.charCodeAt(i) + 1) | 0
  return hash
}

/** The hash of a text and one of `length` units behind it. */
export function joinHashes(left: number, right: number, length: number): number {
  let factor = 1
  let power = FACTOR
  for (let n = length; n > 0; n >>= 1) {
    if (n & 1) factor = Math.imul(factor, power)
    power = Math.imul(power, power)
  }
  return (Math.imul(left, factor) + right) | 0
}

/** Bits of all of a hash in the low ones. */
function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return mixed ^ (mixed >>> 13)
}
