import type { IdBuffer } from '../id-buffer.js'
import { byteOf, PieceType, type Piece, type SentencePieceModel } from './model-file.js'
import { mergePieces, type MergeVocabulary } from './merge.js'

/** The pieces of a model, prepared for encoding. */
export interface Vocabulary extends MergeVocabulary {
  /**
   * Adds the ids of a normalised text, which comes as one text or in several parts that no piece of the vocabulary
   * crosses.
   */
  encode(normalized: Iterable<string>, into: IdBuffer): void
  /** Whether some piece has these two characters next to each other; undefined where texts cannot be cut by that. */
  readonly joins: ((left: number, right: number) => boolean) | undefined
  /** Id of a piece, or the unknown id. */
  idOf(piece: string): number
  readonly unknownId: number
}

/** Words up to this length are cached with their ids, and this many of them. */
const LONGEST_KEPT = 32
const MOST_KEPT = 1 << 15

/** Indexes the pieces of a model. */
export function indexVocabulary({
  pieces,
  byteFallback
}: Pick<SentencePieceModel, 'pieces' | 'byteFallback'>): Vocabulary {
  const mergeable = new Map<string, { id: number; score: number; unused: boolean }>()
  const reserved = new Map<string, number>()
  const byteIds: number[] = []
  let unknownId = 0
  let longest = 0
  for (const [id, { text, score, type }] of pieces.entries()) {
    if (type === PieceType.NORMAL || type === PieceType.USER_DEFINED || type === PieceType.UNUSED) {
      mergeable.set(text, { id, score, unused: type === PieceType.UNUSED })
      longest = Math.max(longest, text.length)
    } else reserved.set(text, id)
    if (type === PieceType.UNKNOWN) unknownId = id
    if (type === PieceType.BYTE) byteIds[byteOf(text) as number] = id
  }
  const vocabulary: MergeVocabulary = { mergeable, longest, matchUserDefined: userDefinedMatcher(pieces) }
  const idOf = (piece: string) => reserved.get(piece) ?? mergeable.get(piece)?.id ?? unknownId
  const encoder = new TextEncoder()
  const wordIds = (word: string): number[] => {
    const ids: number[] = []
    for (const piece of mergePieces(word, vocabulary)) {
      const id = idOf(piece)
      if (id === unknownId && byteFallback) for (const byte of encoder.encode(piece)) ids.push(byteIds[byte])
      else ids.push(id)
    }
    return ids
  }
  const kept = new Map<string, readonly number[]>()
  const rememberedIds = (word: string): readonly number[] => {
    if (word.length > LONGEST_KEPT) return wordIds(word)
    let ids = kept.get(word)
    if (!ids) {
      ids = wordIds(word)
      if (kept.size === MOST_KEPT) kept.clear()
      kept.set(word, ids)
    }
    return ids
  }
  // How an unused piece is split depends on the whole text.
  const joins = pieces.some(({ type }) => type === PieceType.UNUSED) ? undefined : neighboursIn(pieces)
  const split = joins ? wordSplitter(joins) : (text: string) => [text]
  return {
    ...vocabulary,
    idOf,
    unknownId,
    joins,
    encode(normalized, into) {
      let last: number | undefined
      for (const text of normalized) {
        for (const word of split(text)) {
          // Consecutive unknown characters are one unknown piece.
          for (const id of rememberedIds(word)) {
            if (id !== unknownId || last !== unknownId) into.push(id)
            last = id
          }
        }
      }
    }
  }
}

/** Which characters are next to each other in a piece: no merge ever joins two that never are. */
function neighboursIn(pieces: readonly Piece[]): (left: number, right: number) => boolean {
  const neighbours = new Set<number>()
  const pair = (left: number, right: number) => left * 0x110000 + right
  for (const { text, type } of pieces) {
    if (type !== PieceType.NORMAL && type !== PieceType.USER_DEFINED) continue
    let left: number | undefined
    for (const character of text) {
      const right = character.codePointAt(0) as number
      if (left !== undefined) neighbours.add(pair(left, right))
      left = right
    }
  }
  return (left, right) => neighbours.has(pair(left, right))
}

/** Cuts a text between two characters that no piece joins, so that words can be encoded one by one. */
function wordSplitter(joins: (left: number, right: number) => boolean): (text: string) => Iterable<string> {
  return function* (text) {
    let start = 0
    let left = text.codePointAt(0)
    for (let i = (left ?? 0) > 0xffff ? 2 : 1; i < text.length;) {
      const right = text.codePointAt(i) as number
      if (!joins(left as number, right)) {
        yield text.slice(start, i)
        start = i
      }
      left = right
      i += right > 0xffff ? 2 : 1
    }
    if (text !== '') yield text.slice(start)
  }
}

/** Finds the longest user-defined piece at a place; undefined for a model without any. */
function userDefinedMatcher(pieces: readonly Piece[]): MergeVocabulary['matchUserDefined'] {
  const byFirst = new Map<number, string[]>()
  for (const { text, type } of pieces) {
    if (type !== PieceType.USER_DEFINED) continue
    const first = text.charCodeAt(0)
    const same = byFirst.get(first)
    if (same) same.push(text)
    else byFirst.set(first, [text])
  }
  if (byFirst.size === 0) return undefined
  for (const texts of byFirst.values()) texts.sort((a, b) => b.length - a.length)
  return (text, start) => byFirst.get(text.charCodeAt(start))?.find(piece => text.startsWith(piece, start))?.length ?? 0
}
