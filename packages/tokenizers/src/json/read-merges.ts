import { invalid } from '../read-json.js'
import { MergeTable } from './merge-table.js'
import type { Vocabulary } from './model.js'
import { hashOf, joinHashes } from './token-table.js'

/**
 * The merges of a BPE model: pairs, or, in files from before 2024, texts with a space between the two.
 *
 * @param prefix what the second of a pair has in front that the merged token has not
 * @throws SkipwiseError `TOKENIZER_INVALID`
 */
export function readMerges(value: unknown, { idOf }: Vocabulary, prefix: string, file: string): MergeTable {
  if (!Array.isArray(value)) throw invalid(file, 'model.merges is not a list')
  const merges: readonly unknown[] = value
  const table = new MergeTable(merges.length)
  const ids = idOf.ids()
  const pairs = Array.isArray(merges[0])
  let rank = 0
  for (let i = 0; i < merges.length; i++) {
    const merge = merges[i]
    if (!pairs && typeof merge === 'string' && merge.startsWith('#version')) continue
    const parts = pairs ? pairOf(merge) : typeof merge === 'string' ? cutOf(merge) : undefined
    if (!parts) throw invalid(file, `model.merges[${i}] is not a pair of tokens`)
    const { first, firstEnd, second, secondStart } = parts
    const secondEnd = second.length
    const leftHash = hashOf(first, 0, firstEnd)
    const rightHash = hashOf(second, secondStart, secondEnd)
    const left = idOf.findPart(first, 0, firstEnd, leftHash)
    const right = idOf.findPart(second, secondStart, secondEnd, rightHash)
    let merged: number | undefined
    if (left >= 0 && right >= 0) {
      if (prefix !== '') merged = idOf.get(first.slice(0, firstEnd) + second.slice(secondStart + prefix.length))
      else {
        const at = idOf.findJoined(left, right, joinHashes(leftHash, rightHash, secondEnd - secondStart))
        merged = at < 0 ? undefined : ids[at]
      }
    }
    if (merged === undefined)
      throw invalid(file, `model.merges[${i}] takes or makes a token that is not in the vocabulary`)
    table.set(ids[left], ids[right], rank, merged)
    rank++
  }
  return table
}

/** Two parts, each in a text of its own or both in one. */
interface Parts {
  readonly first: string
  readonly firstEnd: number
  readonly second: string
  readonly secondStart: number
}

function cutOf(merge: string): Parts | undefined {
  const space = merge.indexOf(' ')
  if (space <= 0 || merge.includes(' ', space + 1)) return undefined
  return { first: merge, firstEnd: space, second: merge, secondStart: space + 1 }
}

function pairOf(merge: unknown): Parts | undefined {
  if (!Array.isArray(merge) || merge.length !== 2) return undefined
  const [first, second]: readonly unknown[] = merge
  if (typeof first !== 'string' || typeof second !== 'string') return undefined
  return { first, firstEnd: first.length, second, secondStart: 0 }
}
