import { MergeQueue } from './merge-queue.js'

/** What merging needs of a vocabulary. */
export interface MergeVocabulary {
  /** Pieces that pairs may merge into: normal, user-defined and unused ones. */
  readonly mergeable: ReadonlyMap<string, { readonly id: number; readonly score: number; readonly unused: boolean }>
  /** Length of the longest of them in UTF-16 units. */
  readonly longest: number
  /**
   * Length in UTF-16 units of the user-defined piece that `text` has at `start`, 0 for none. Such a piece is never
   * merged further.
   */
  readonly matchUserDefined: ((text: string, start: number) => number) | undefined
}

/**
 * Splits a normalised text into pieces as SentencePiece does (`bpe::Model::SampleEncode` without sampling): beginning
 * with characters, the neighbours whose joint piece has the highest score are merged, the leftmost first among equals,
 * until no pair is a piece. The candidates are in a heap, so that n characters take O(n log n).
 */
export function mergePieces(text: string, { mergeable, longest, matchUserDefined }: MergeVocabulary): string[] {
  const { starts, ends, frozen } = symbolsOf(text, matchUserDefined)
  const count = starts.length
  const next = new Int32Array(count)
  const previous = new Int32Array(count)
  const alive = new Uint8Array(count).fill(1)
  for (let i = 0; i < count; i++) {
    next[i] = i + 1 < count ? i + 1 : -1
    previous[i] = i - 1
  }
  const queue = new MergeQueue()
  const parts = new Map<string, readonly [left: string, right: string]>()
  const consider = (left: number, right: number) => {
    if (left < 0 || right < 0 || frozen?.has(left) || frozen?.has(right) || ends[right] - starts[left] > longest) return
    const piece = text.slice(starts[left], ends[right])
    const found = mergeable.get(piece)
    if (!found) return
    queue.push({ score: found.score, left, right, end: ends[right] })
    if (found.unused) parts.set(piece, [text.slice(starts[left], ends[left]), text.slice(starts[right], ends[right])])
  }
  for (let i = 0; i + 1 < count; i++) consider(i, i + 1)
  for (let pair = queue.pop(); pair; pair = queue.pop()) {
    const { left, right, end } = pair
    // Meanwhile one of the two was merged with another neighbour.
    if (!alive[left] || !alive[right] || ends[right] !== end) continue
    ends[left] = end
    alive[right] = 0
    next[left] = next[right]
    if (next[right] >= 0) previous[next[right]] = left
    consider(previous[left], left)
    consider(left, next[left])
  }
  const pieces: string[] = []
  for (let i = 0; i >= 0 && count > 0; i = next[i])
    splitUnused(text.slice(starts[i], ends[i]), mergeable, parts, pieces)
  return pieces
}

/** Characters and user-defined pieces, one after another. */
function symbolsOf(text: string, matchUserDefined: MergeVocabulary['matchUserDefined']) {
  const starts = new Int32Array(text.length)
  const ends = new Int32Array(text.length)
  const frozen = matchUserDefined ? new Set<number>() : undefined
  let count = 0
  for (let i = 0; i < text.length; count++) {
    const own = matchUserDefined?.(text, i) ?? 0
    if (own) frozen?.add(count)
    starts[count] = i
    i += own || ((text.codePointAt(i) as number) > 0xffff ? 2 : 1)
    ends[count] = i
  }
  return { starts: starts.subarray(0, count), ends: ends.subarray(0, count), frozen }
}

/**
 * An unused piece is only a step to larger ones: one that is left over is split into the pieces that it was merged
 * from.
 */
function splitUnused(
  piece: string,
  mergeable: MergeVocabulary['mergeable'],
  parts: ReadonlyMap<string, readonly [string, string]>,
  into: string[]
): void {
  const halves = mergeable.get(piece)?.unused ? parts.get(piece) : undefined
  if (!halves) into.push(piece)
  else for (const half of halves) splitUnused(half, mergeable, parts, into)
}
