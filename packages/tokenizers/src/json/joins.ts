/** Bits of the filter: some pairs that no token has look as if one had, which costs time alone. */
const BITS = 22

const hash = (left: number, right: number): number =>
  (Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b)) >>> (32 - BITS)

/**
 * Which characters may stand next to each other in a token: no merge ever joins two that do in none.
 *
 * @param tokens all that merges may make
 */
export function joinsOf(tokens: Iterable<string>): (left: number, right: number) => boolean {
  const filter = new Uint32Array(1 << (BITS - 5))
  for (const token of tokens) {
    let left = token.codePointAt(0) ?? 0
    for (let i = left > 0xffff ? 2 : 1; i < token.length;) {
      const right = token.codePointAt(i) ?? 0
      const bit = hash(left, right)
      filter[bit >>> 5] |= 1 << (bit & 31)
      left = right
      i += right > 0xffff ? 2 : 1
    }
  }
  return (left, right) => {
    const bit = hash(left, right)
    return ((filter[bit >>> 5] >>> (bit & 31)) & 1) === 1
  }
}
