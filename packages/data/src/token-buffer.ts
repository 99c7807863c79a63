/** Token ids of documents one after another, and which of them are learned once a document says so. */
export class TokenBuffer {
  private ids = new Int32Array(1 << 16)
  private learned: Uint8Array<ArrayBuffer> | undefined
  /** Tokens so far. */
  length = 0

  /** Appends ids [n]; `learned` [n] is 1 for those that are learned, undefined where all are. */
  append(ids: ArrayLike<number>, learned: ArrayLike<number> | undefined): void {
    const length = this.length + ids.length
    if (length > this.ids.length) this.grow(Math.max(2 * this.ids.length, length))
    if (learned) this.learned ??= new Uint8Array(this.ids.length).fill(1)
    this.ids.set(ids, this.length)
    if (learned) this.learned?.set(learned, this.length)
    this.length = length
  }

  /** Copies of what was appended, no longer than it. */
  take(): { readonly ids: Int32Array; readonly learned: Uint8Array | undefined } {
    return { ids: this.ids.slice(0, this.length), learned: this.learned?.slice(0, this.length) }
  }

  private grow(capacity: number): void {
    const ids = new Int32Array(capacity)
    ids.set(this.ids)
    this.ids = ids
    if (!this.learned) return
    const learned = new Uint8Array(capacity).fill(1)
    learned.set(this.learned)
    this.learned = learned
  }
}
