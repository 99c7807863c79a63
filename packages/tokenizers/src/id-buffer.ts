/** Token ids in one growing buffer, 4 bytes each; a list of numbers takes more and is copied at the end. */
export class IdBuffer {
  #ids = new Int32Array(256)
  #length = 0

  /** The last id that was added. */
  get last(): number | undefined {
    return this.#length ? this.#ids[this.#length - 1] : undefined
  }

  push(id: number): void {
    if (this.#length === this.#ids.length) {
      const larger = new Int32Array(2 * this.#length)
      larger.set(this.#ids)
      this.#ids = larger
    }
    this.#ids[this.#length++] = id
  }

  pushAll(ids: Iterable<number>): void {
    for (const id of ids) this.push(id)
  }

  finish(): Int32Array {
    return this.#ids.slice(0, this.#length)
  }
}
