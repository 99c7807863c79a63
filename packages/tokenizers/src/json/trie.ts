interface Node<Value> {
  readonly next: Map<number, Node<Value>>
  value: Value | undefined
}

/** Texts with a value each, found by how another text goes on at a place. */
export class Trie<Value> {
  readonly #root: Node<Value> = { next: new Map(), value: undefined }
  /** Which UTF-16 units texts begin with. */
  readonly #begins = new Uint8Array(0x10000)

  /** A later value of the same text replaces an earlier one. */
  add(text: string, value: Value): void {
    let node = this.#root
    this.#begins[text.charCodeAt(0)] = 1
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      let next = node.next.get(unit)
      if (!next) {
        next = { next: new Map(), value: undefined }
        node.next.set(unit, next)
      }
      node = next
    }
    node.value = value
  }

  /** Calls `visit` for each text that `text` has at `start`, the shortest first, with where it ends. */
  eachAt(text: string, start: number, visit: (value: Value, end: number) => void): void {
    let node: Node<Value> | undefined = this.#root
    for (let i = start; i < text.length; i++) {
      node = node.next.get(text.charCodeAt(i))
      if (!node) return
      if (node.value !== undefined) visit(node.value, i + 1)
    }
  }

  /** The longest text that begins at the first place from `from` on where one does. */
  findLongest(
    text: string,
    from: number
  ): { readonly value: Value; readonly start: number; readonly end: number } | undefined {
    for (let start = from; start < text.length; start++) {
      if (!this.#begins[text.charCodeAt(start)]) continue
      let found: { value: Value; start: number; end: number } | undefined
      this.eachAt(text, start, (value, end) => {
        found = { value, start, end }
      })
      if (found) return found
    }
    return undefined
  }
}
