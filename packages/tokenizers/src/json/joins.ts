import type { TokenTable } from './token-table.js'

/** Bits of the filter: some pairs that no token has pass it, which only costs time. */
const BITS = 22

const hash = (left: number, right: number): number =>
  (Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b)) >>> (32 - BITS)

/**
 * Which characters may be next to each other in a token: no merge ever joins two that never are. The tokens are read at
 * the first call.
 *
 * @param tokens all tokens that merges may produce
 */
export function joinsOf(tokens: TokenTable): (left: number, right: number) => boolean {
  let filter: Uint32Array | undefined
  return (left, right) => {
    filter ??= filterOf(tokens)
    const bit = hash(left, right)
    return ((filter[bit >>> 5] >>> (bit & 31)) & 1) === 1
  }
}

function filterOf(tokens: TokenTable): Uint32Array {
  const filter = new Uint32Array(1 << (BITS - 5))
  for (let at = 0; at < tokens.size; at++) {
    const units = tokens.unitsAt(at)
    let left = pointAt(units, 0)
    for (let i = left > 0xffff ? 2 : 1; i < units.length;) {
      const right = pointAt(units, i)
      const bit = hash(left, right)
      filter[bit >>> 5] |= 1 << (bit & 31)
      left = right
      i += right > 0xffff ? 2 : 1
    }
  }
  return filter
}

/** As `String.codePointAt`. */
function pointAt(units: Uint16Array, at: number): number {
  const unit = units[at]
  const next = at + 1 < units.length ? units[at + 1] : 0
  if ((unit & 0xfc00) !== 0xd800 || (next & 0xfc00) !== 0xdc00) return unit
  return 0x10000 + ((unit & 0x3ff) << 10) + (next & 0x3ff)
}
