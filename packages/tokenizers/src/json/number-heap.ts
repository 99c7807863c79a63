/** A heap of numbers, the smallest first. */
export class NumberHeap {
  #numbers: Float64Array
  #length = 0

  /** @param capacity initial number of places */
  constructor(capacity: number) {
    this.#numbers = new Float64Array(Math.max(16, capacity))
  }

  push(number: number): void {
    if (this.#length === this.#numbers.length) {
      const larger = new Float64Array(2 * this.#length)
      larger.set(this.#numbers)
      this.#numbers = larger
    }
    const numbers = this.#numbers
    let at = this.#length++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (numbers[parent] <= number) break
      numbers[at] = numbers[parent]
      at = parent
    }
    numbers[at] = number
  }

  /** The smallest number, or undefined when the heap is empty. */
  pop(): number | undefined {
    if (this.#length === 0) return undefined
    const numbers = this.#numbers
    const least = numbers[0]
    const last = numbers[--this.#length]
    const length = this.#length
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= length) break
      if (child + 1 < length && numbers[child + 1] < numbers[child]) child++
      if (numbers[child] >= last) break
      numbers[at] = numbers[child]
      at = child
    }
    numbers[at] = last
    return least
  }
}
