import { SkipwiseError } from './errors.js'

const MULTIPLIER_0 = 0xd2511f53
const MULTIPLIER_1 = 0xcd9e8d57
const WEYL_0 = 0x9e3779b9
const WEYL_1 = 0xbb67ae85

/**
 * One Philox4x32-10 block (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011; Random123).
 *
 * @param counter four unsigned 32-bit words
 * @param key two unsigned 32-bit words
 * @param out receives four unsigned 32-bit words
 */
export function philox4x32(counter: ArrayLike<number>, key: ArrayLike<number>, out: Uint32Array): void {
  let c0 = counter[0] >>> 0
  let c1 = counter[1] >>> 0
  let c2 = counter[2] >>> 0
  let c3 = counter[3] >>> 0
  let k0 = key[0] >>> 0
  let k1 = key[1] >>> 0
  for (let round = 0; round < 10; round++) {
    const low0 = Math.imul(MULTIPLIER_0, c0)
    const high0 = multiplyHigh(MULTIPLIER_0, c0)
    const low1 = Math.imul(MULTIPLIER_1, c2)
    const high1 = multiplyHigh(MULTIPLIER_1, c2)
    c0 = high1 ^ c1 ^ k0
    c1 = low1
    c2 = high0 ^ c3 ^ k1
    c3 = low0
    k0 = (k0 + WEYL_0) | 0
    k1 = (k1 + WEYL_1) | 0
  }
  out[0] = c0
  out[1] = c1
  out[2] = c2
  out[3] = c3
}

/** The high 32 bits of a 32 × 32-bit unsigned product. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const lowHigh = aLow * bHigh
  const highLow = aHigh * bLow
  const carry = ((aLow * bLow) >>> 16) + (lowHigh & 0xffff) + (highLow & 0xffff)
  return (aHigh * bHigh + (lowHigh >>> 16) + (highLow >>> 16) + (carry >>> 16)) | 0
}

/** FNV-1a hash, 32 bits: a stream's name as a number. */
function hashName(name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/**
 * Which stream a draw comes from: streams of different coordinates are independent, and each can be recomputed alone.
 */
export interface RandomCoordinates {
  /** Seed of the run: an integer in [0, 2⁵³). */
  readonly seed: number
  /** What the numbers are for, for instance `'positions'` or `'initialisation'`. */
  readonly stream: string
  readonly epoch?: number
  readonly index?: number
}

/** A sequence of random numbers that is a pure function of its {@link RandomCoordinates}. */
export interface RandomStream {
  /** Uniform in [0, 2³²). */
  uint32(): number
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number
  /** Uniform integer, both ends included, without modulo bias. `high − low < 2³²`. */
  integer(low: number, high: number): number
  /** Standard normal (Box–Muller). */
  normal(): number
}

/**
 * Opens the random stream of a coordinate: key = (seed, name), counter = (block, epoch, index).
 *
 * @example
 * ```ts
 * console.log(randomStream({ seed: 0, stream: 'positions', epoch: 2, index: 17 }).integer(0, 9)) // 4
 * ```
 */
export function randomStream({ seed, stream, epoch = 0, index = 0 }: RandomCoordinates): RandomStream {
  return new PhiloxStream(
    (seed ^ hashName(stream)) >>> 0,
    Math.imul(Math.floor(seed / 0x100000000) + 1, hashName(stream)) >>> 0,
    epoch,
    index
  )
}

class PhiloxStream implements RandomStream {
  readonly #block = new Uint32Array(4)
  readonly #counter: Uint32Array
  readonly #key: Uint32Array
  #used = 4
  #spare: number | undefined

  constructor(key0: number, key1: number, epoch: number, index: number) {
    this.#key = Uint32Array.of(key0, key1)
    this.#counter = Uint32Array.of(0, epoch, index, Math.floor(index / 0x100000000))
  }

  uint32(): number {
    if (this.#used === 4) {
      philox4x32(this.#counter, this.#key, this.#block)
      this.#counter[0]++
      this.#used = 0
    }
    return this.#block[this.#used++]
  }

  uniform(): number {
    return ((this.uint32() >>> 5) * 0x4000000 + (this.uint32() >>> 6)) / 0x20000000000000
  }

  integer(low: number, high: number): number {
    const range = high - low + 1
    if (!(range >= 1 && range <= 0x100000000 && Number.isInteger(low) && Number.isInteger(high))) {
      throw new SkipwiseError('RANDOM_RANGE', {
        problem: `cannot draw an integer from [${low}, ${high}]`,
        fix: 'pass integers with low ≤ high, less than 2³² apart'
      })
    }
    if (range === 0x100000000) return low + this.uint32()
    for (;;) {
      const draw = this.uint32()
      // only the last `range` numbers can be in the part that is not a whole multiple of the range
      if (draw < 0x100000000 - range || draw < 0x100000000 - (0x100000000 % range))
        return low + ((draw >>> 0) % (range >>> 0))
    }
  }

  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare
      this.#spare = undefined
      return spare
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()))
    const angle = 2 * Math.PI * this.uniform()
    this.#spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }
}

/** A seeded permutation of 0 … length − 1 (Fisher–Yates). */
export function permutation(length: number, coordinates: RandomCoordinates): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i)
  const random = randomStream(coordinates)
  for (let i = length - 1; i > 0; i--) {
    const j = random.integer(0, i)
    const held = order[i]
    order[i] = order[j]
    order[j] = held
  }
  return order
}
