import { fc, test } from '@fast-check/vitest'
import { expect } from 'vitest'
import { MergeTable } from './merge-table.js'
import { mergeWord } from './merge-word.js'

/** By the definition: the pair of the lowest rank, the leftmost of those, until none is left. */
function byDefinition(
  symbols: readonly number[],
  ranks: ReadonlyMap<string, { rank: number; merged: number }>
): number[] {
  const word = [...symbols]
  for (;;) {
    const pairs = word
      .slice(1)
      .map((right, i) => ({ i, found: ranks.get(`${word[i]} ${right}`) }))
      .filter(({ found }) => found)
    pairs.sort((a, b) => (a.found?.rank ?? 0) - (b.found?.rank ?? 0) || a.i - b.i)
    const [best] = pairs
    if (!best?.found) return word
    word.splice(best.i, 2, best.found.merged)
  }
}

const merges = fc.uniqueArray(fc.tuple(fc.nat(12), fc.nat(12)), { maxLength: 30, selector: pair => pair.join(' ') })

test.prop([merges, fc.array(fc.nat(4), { minLength: 1, maxLength: 200, size: 'max' })], { numRuns: 500 })(
  'short and long words merge by rank, from left to right',
  (pairs, symbols) => {
    const table = new MergeTable()
    const ranks = new Map(pairs.map(([left, right], rank) => [`${left} ${right}`, { rank, merged: 5 + rank }]))
    pairs.forEach(([left, right], rank) => table.set(left, right, rank, 5 + rank))
    const ids = Int32Array.from(symbols)
    const left = mergeWord(ids, symbols.length, table)
    expect(Array.from(ids.subarray(0, left))).toEqual(byDefinition(symbols, ranks))
  }
)
