/** Words up to this length are cached, and this many of them: some ten megabytes. */
const LONGEST = 32
const MOST = 1 << 16

/** V8 keeps a longer piece of a text as a view of the text, which would stay in memory too. */
const LONGEST_COPIED = 12

/** Words with their ids. */
export class WordCache {
  #known = new Map<string, Int32Array>()

  get(word: string): Int32Array | undefined {
    return word.length > LONGEST ? undefined : this.#known.get(word)
  }

  add(word: string, ids: ArrayLike<number>): void {
    if (word.length > LONGEST) return
    if (this.#known.size === MOST) this.#known.clear()
    const own = word.length > LONGEST_COPIED ? Buffer.from(word, 'utf16le').toString('utf16le') : word
    this.#known.set(own, Int32Array.from(ids))
  }
}
