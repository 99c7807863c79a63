/** A neighbouring pair that may be merged. */
export interface Candidate {
  readonly score: number
  /** Index of the left symbol. */
  readonly left: number
  readonly right: number
  /** End of the right symbol when the pair was found. */
  readonly end: number
}

/** Candidates by decreasing score, those of equal score from left to right: a binary heap. */
export class MergeQueue {
  readonly #heap: Candidate[] = []

  push(candidate: Candidate): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(candidate)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!before(candidate, heap[parent])) break
      heap[at] = heap[parent]
      at = parent
    }
    heap[at] = candidate
  }

  pop(): Candidate | undefined {
    const heap = this.#heap
    const first = heap[0] as Candidate | undefined
    const last = heap.pop()
    if (!first || !last || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++
      if (!before(heap[child], last)) break
      heap[at] = heap[child]
      at = child
    }
    heap[at] = last
    return first
  }
}

const before = (a: Candidate, b: Candidate) => a.score > b.score || (a.score === b.score && a.left < b.left)
