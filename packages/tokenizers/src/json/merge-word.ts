import type { MergeTable } from './merge-table.js'
import { NumberHeap } from './number-heap.js'

/** Words of up to this many symbols are merged without a heap, which is faster. */
const SHORT = 80

const NONE = 0x7fffffff
const ranks = new Int32Array(SHORT)

/**
 * Merges the neighbours in `symbols`, the pair of the lowest rank first, the leftmost of those, until no pair merges
 * (`Word::merge_all` of the Rust library).
 *
 * @param symbols ids; afterwards the merged ones come first
 * @param count number of symbols
 * @returns number of symbols left
 */
export function mergeWord(symbols: Int32Array, count: number, table: MergeTable): number {
  return count <= SHORT ? mergeShort(symbols, count, table) : mergeLong(symbols, count, table)
}

function mergeShort(symbols: Int32Array, count: number, table: MergeTable): number {
  const rankOf = (left: number): number => {
    const place = table.find(symbols[left], symbols[left + 1])
    return place < 0 ? NONE : table.rankAt(place)
  }
  let pairs = count - 1
  for (let i = 0; i < pairs; i++) ranks[i] = rankOf(i)
  while (pairs > 0) {
    let best = 0
    let lowest = ranks[0]
    for (let i = 1; i < pairs; i++) {
      if (ranks[i] < lowest) {
        lowest = ranks[i]
        best = i
      }
    }
    if (lowest === NONE) break
    symbols[best] = table.mergedAt(table.find(symbols[best], symbols[best + 1]))
    for (let i = best + 1; i < pairs; i++) {
      symbols[i] = symbols[i + 1]
      ranks[i] = ranks[i + 1]
    }
    pairs--
    if (best > 0) ranks[best - 1] = rankOf(best - 1)
    if (best < pairs) ranks[best] = rankOf(best)
  }
  return pairs + 1
}

/** Candidates are numbers: rank × PLACES + place. Both are below 2²⁴ and 2²⁹. */
const PLACES = 2 ** 29

function mergeLong(symbols: Int32Array, count: number, table: MergeTable): number {
  const next = new Int32Array(count)
  const previous = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    next[i] = i + 1 < count ? i + 1 : -1
    previous[i] = i - 1
  }
  const heap = new NumberHeap(count)
  const consider = (left: number, right: number) => {
    const place = table.find(symbols[left], symbols[right])
    if (place >= 0) heap.push(table.rankAt(place) * PLACES + left)
  }
  for (let i = 0; i + 1 < count; i++) consider(i, i + 1)
  for (let top = heap.pop(); top !== undefined; top = heap.pop()) {
    const rank = Math.floor(top / PLACES)
    const left = top - rank * PLACES
    const right = next[left]
    if (right < 0 || symbols[left] < 0) continue
    const place = table.find(symbols[left], symbols[right])
    // Meanwhile one of the two was merged with another neighbour.
    if (place < 0 || table.rankAt(place) !== rank) continue
    symbols[left] = table.mergedAt(place)
    symbols[right] = -1
    next[left] = next[right]
    if (next[right] >= 0) previous[next[right]] = left
    if (previous[left] >= 0) consider(previous[left], left)
    if (next[left] >= 0) consider(left, next[left])
  }
  let kept = 0
  for (let i = 0; i >= 0; i = next[i]) symbols[kept++] = symbols[i]
  return kept
}
