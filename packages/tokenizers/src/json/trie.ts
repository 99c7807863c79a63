interface Node<Value> {
  readonly next: Map<number, Node<Value>>
  value: Value | undefined
}

/** Texts with a value each, found as prefixes of another text at an offset. */
export class Trie<Value> {
  readonly #root: Node<Value> = { next: new Map(), value: undefined }
  /** The first UTF-16 units of the texts. */
  readonly #begins = new Uint8Array(0x10000)

  /** A later value for the same text replaces an earlier one. */
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

  /** Calls `visit` for each text that `text` has at `start`, the shortest first, with its end. */
  eachAt(text: string, start: number, visit: (value: Value, end: number) => void): void {
    let node: Node<Value> | undefined = this.#root
    for (let i = start; i < text.length; i++) {
      node = node.next.get(text.charCodeAt(i))
      if (!node) return
      if (node.value !== undefined) visit(node.value, i + 1)
    }
  }

  /** The longest text at the first offset from `from` on at which a text begins. */
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
