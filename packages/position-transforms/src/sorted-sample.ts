import type { RandomStream } from '@skipwise/core'

/**
 * `count` distinct integers of 0 … `total` − 1 in increasing order, every set with the same probability: Floyd's
 * sampling with `count` draws, read from a set of bits.
 */
export function sortedSample(count: number, total: number, random: RandomStream): Int32Array {
  const words = new Uint32Array(Math.ceil(total / 32))
  const sample = new Int32Array(count)
  for (let last = total - count; last < total; last++) {
    const drawn = random.integer(0, last)
    const value = (words[drawn >>> 5] >>> (drawn & 31)) & 1 ? last : drawn
    words[value >>> 5] |= 1 << (value & 31)
  }
  for (let word = 0, at = 0; at < count; word++) {
    for (let bits = words[word]; bits !== 0; bits &= bits - 1) sample[at++] = 32 * word + 31 - Math.clz32(bits & -bits)
  }
  return sample
}
