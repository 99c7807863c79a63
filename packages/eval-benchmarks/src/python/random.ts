const STATE = 624
const SHIFT = 397

/**
 * Python's `random.Random(seed)`: MT19937 (Matsumoto & Nishimura 1998) seeded by an array, with CPython's rules for
 * integers below n, `sample` and `shuffle`. lm-evaluation-harness draws few-shot examples with it, so its draws cannot
 * be reproduced by any other generator.
 *
 * @example
 * ```ts
 * // random.Random(1234).sample(range(1119), 3)
 * console.log(new PythonRandom(1234).sample(1119, 3)) // [902, 239, 15]
 * ```
 */
export class PythonRandom {
  readonly #state = new Uint32Array(STATE)
  #next = STATE

  /** @param seed an integer, 0 ≤ seed < 2⁵³; Python takes the size of a negative one */
  constructor(seed: number) {
    const low = (seed % 2 ** 32) >>> 0
    const high = Math.floor(seed / 2 ** 32)
    this.#seedByArray(high ? [low, high] : [low])
  }

  /** `random.sample(range(n), k)`: k different indices below n. */
  sample(n: number, k: number): number[] {
    const chosen: number[] = []
    // CPython 3.11: a pool of indices where that is smaller than a set of k, a set otherwise; the two draw different
    // numbers.
    let setSize = 21
    if (k > 5) setSize += 4 ** Math.ceil(Math.log(k * 3) / Math.log(4))
    if (n <= setSize) {
      const pool = Array.from({ length: n }, (_, i) => i)
      for (let i = 0; i < k; i++) {
        const at = this.below(n - i)
        chosen.push(pool[at])
        pool[at] = pool[n - i - 1]
      }
      return chosen
    }
    const taken = new Set<number>()
    for (let i = 0; i < k; i++) {
      let at = this.below(n)
      while (taken.has(at)) at = this.below(n)
      taken.add(at)
      chosen.push(at)
    }
    return chosen
  }

  /** `random.shuffle(items)`, in place. */
  shuffle<Item>(items: Item[]): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      ;[items[i], items[j]] = [items[j], items[i]]
    }
  }

  /** A uniform integer, 0 ≤ integer < n ≤ 2³²: as many bits as n has, drawn again until below it. */
  below(n: number): number {
    if (n === 0) return 0
    const bits = 32 - Math.clz32(n)
    let value = this.#uint32() >>> (32 - bits)
    while (value >= n) value = this.#uint32() >>> (32 - bits)
    return value
  }

  #seed(seed: number): void {
    this.#state[0] = seed
    for (let i = 1; i < STATE; i++) {
      const before = this.#state[i - 1] ^ (this.#state[i - 1] >>> 30)
      this.#state[i] = Math.imul(before, 1812433253) + i
    }
  }

  #seedByArray(key: readonly number[]): void {
    this.#seed(19650218)
    const state = this.#state
    let i = 1
    let j = 0
    const advance = () => {
      if (++i < STATE) return
      state[0] = state[STATE - 1]
      i = 1
    }
    for (let k = Math.max(STATE, key.length); k > 0; k--) {
      state[i] = (state[i] ^ Math.imul(state[i - 1] ^ (state[i - 1] >>> 30), 1664525)) + key[j] + j
      advance()
      if (++j === key.length) j = 0
    }
    for (let k = STATE - 1; k > 0; k--) {
      state[i] = (state[i] ^ Math.imul(state[i - 1] ^ (state[i - 1] >>> 30), 1566083941)) - i
      advance()
    }
    state[0] = 0x80000000
  }

  #uint32(): number {
    if (this.#next === STATE) this.#generate()
    let y = this.#state[this.#next++]
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }

  #generate(): void {
    const state = this.#state
    for (let i = 0; i < STATE; i++) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % STATE] & 0x7fffffff)
      state[i] = state[(i + SHIFT) % STATE] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
    }
    this.#next = 0
  }
}
