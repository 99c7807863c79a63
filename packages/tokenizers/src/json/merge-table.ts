/** Fields of an entry: left id plus one (0 for none), right id, rank, id of both together. */
const ENTRY = 4

/** Initial number of entries; doubled when half of them are used. */
const FIRST = 1 << 6

/**
 * Which pairs of ids merge, in which order, and into which id: a hash table without an object for each of a million
 * pairs.
 */
export class MergeTable {
  #entries = new Int32Array(ENTRY * FIRST)
  #mask = FIRST - 1
  #pairs = 0

  /** A later rank of the same pair replaces an earlier one. */
  set(left: number, right: number, rank: number, merged: number): void {
    let at = this.#placeOf(left, right)
    if (this.#entries[at] === 0) {
      this.#pairs++
      if (2 * this.#pairs > this.#mask) {
        this.#grow()
        at = this.#placeOf(left, right)
      }
    }
    this.#entries[at] = left + 1
    this.#entries[at + 1] = right
    this.#entries[at + 2] = rank
    this.#entries[at + 3] = merged
  }

  /** The place of a pair, for {@link rankAt} and {@link mergedAt}; -1 for a pair that does not merge. */
  find(left: number, right: number): number {
    const at = this.#placeOf(left, right)
    return this.#entries[at] === 0 ? -1 : at
  }

  rankAt(place: number): number {
    return this.#entries[place + 2]
  }

  mergedAt(place: number): number {
    return this.#entries[place + 3]
  }

  /** The place of a pair, or a free one for it. */
  #placeOf(left: number, right: number): number {
    const entries = this.#entries
    const key = left + 1
    let slot = (Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b)) >>> 0
    slot = (slot ^ (slot >>> 15)) & this.#mask
    for (;;) {
      const at = ENTRY * slot
      const found = entries[at]
      if (found === 0 || (found === key && entries[at + 1] === right)) return at
      slot = (slot + 1) & this.#mask
    }
  }

  #grow(): void {
    const old = this.#entries
    this.#entries = new Int32Array(2 * old.length)
    this.#mask = this.#entries.length / ENTRY - 1
    for (let from = 0; from < old.length; from += ENTRY) {
      if (old[from] === 0) continue
      const to = this.#placeOf(old[from] - 1, old[from + 1])
      for (let i = 0; i < ENTRY; i++) this.#entries[to + i] = old[from + i]
    }
  }
}
