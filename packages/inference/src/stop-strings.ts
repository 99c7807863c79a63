/**
 * Lets text pass until one of some strings appears in it; the beginning of one is held back until it is clear what
 * becomes of it.
 */
export class StopStrings {
  #held = ''
  #stopped = false

  constructor(private readonly strings: readonly string[]) {}

  /** Whether a stop string has appeared. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** Takes text; returns what may be shown, nothing of a stop string or behind it. */
  push(text: string): string {
    if (this.#stopped) return ''
    const all = this.#held + text
    const places = this.strings.map(stop => all.indexOf(stop)).filter(place => place >= 0)
    this.#stopped = places.length > 0
    const end = this.#stopped ? Math.min(...places) : all.length - this.#unclear(all)
    this.#held = this.#stopped ? '' : all.slice(end)
    return all.slice(0, end)
  }

  /** What was held back. */
  end(): string {
    const held = this.#held
    this.#held = ''
    return held
  }

  /** Length of the longest end of `text` that a stop string begins with. */
  #unclear(text: string): number {
    const longest = Math.max(0, ...this.strings.map(stop => stop.length - 1))
    for (let length = Math.min(longest, text.length); length > 0; length--) {
      if (this.strings.some(stop => stop.length > length && stop.startsWith(text.slice(-length)))) return length
    }
    return 0
  }
}
