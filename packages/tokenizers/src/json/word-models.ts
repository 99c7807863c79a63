import { invalid } from '../read-json.js'
import { Trie } from './trie.js'
import { byteTokens, type Vocabulary, type WordModel } from './model.js'

/** A word is a token or unknown. */
export function makeWordLevel({ idOf }: Vocabulary, unknown: string, file: string): WordModel {
  return {
    encode(word, into) {
      const id = idOf.get(word) ?? idOf.get(unknown)
      if (id === undefined) throw invalid(file, `the word '${word}' is not in the vocabulary, nor is its unknown token`)
      into.push(id)
    }
  }
}

/**
 * The longest token at the start of a word, then the longest one for the rest, with `prefix` before it; or the whole
 * word is unknown.
 */
export function makeWordPiece(
  { idOf }: Vocabulary,
  unknown: string,
  prefix: string,
  most: number,
  file: string
): WordModel {
  const pieces = (word: string): number[] | undefined => {
    const ids: number[] = []
    if (Array.from(word).length > most) return undefined
    for (let start = 0; start < word.length;) {
      let end = word.length
      let id: number | undefined
      for (; end > start; end -= /[\udc00-\udfff]/.test(word[end - 1]) ? 2 : 1) {
        id = idOf.get((start > 0 ? prefix : '') + word.slice(start, end))
        if (id !== undefined) break
      }
      if (id === undefined) return undefined
      ids.push(id)
      start = end
    }
    return ids
  }
  return {
    encode(word, into) {
      const ids = pieces(word)
      if (ids) return into.pushAll(ids)
      const id = idOf.get(unknown)
      if (id === undefined) throw invalid(file, `the unknown token '${unknown}' is not in the vocabulary`)
      into.push(id)
    }
  }
}

/** Cost of an unknown character beyond that of the worst token. */
const UNKNOWN_PENALTY = 10

/**
 * The tokens of a word with the best sum of scores (`Unigram::encode_optimized`); of equal sums the one that is found
 * first, which begins earlier. Consecutive unknown characters are one token.
 */
export function makeUnigram(
  vocabulary: Vocabulary,
  scores: Float64Array,
  unknownId: number | undefined,
  byteFallback: boolean,
  file: string
): WordModel {
  const { idOf } = vocabulary
  const trie = new Trie<number>()
  for (let at = 0; at < idOf.size; at++) {
    const token = idOf.textAt(at)
    if (token !== '') trie.add(token, idOf.idAt(at))
  }
  const unknownScore = scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY
  const bytes = byteFallback ? byteTokens(vocabulary) : undefined
  const encoder = new TextEncoder()
  const noUnknown = () => invalid(file, 'a character is not in the vocabulary, and the model has no unknown token')
  const best = (word: string) => {
    const sums = new Float64Array(word.length + 1)
    const starts = new Int32Array(word.length + 1).fill(-1)
    const ids = new Int32Array(word.length + 1)
    const consider = (start: number, end: number, id: number, score: number) => {
      const sum = score + sums[start]
      if (starts[end] >= 0 && !(sum > sums[end])) return
      sums[end] = sum
      starts[end] = start
      ids[end] = id
    }
    for (let start = 0; start < word.length;) {
      const next = start + ((word.codePointAt(start) ?? 0) > 0xffff ? 2 : 1)
      let single = false
      trie.eachAt(word, start, (id, end) => {
        consider(start, end, id, scores[id])
        single ||= end === next
      })
      if (!single) {
        if (unknownId === undefined) throw noUnknown()
        consider(start, next, unknownId, unknownScore)
      }
      start = next
    }
    return { starts, ids }
  }
  return {
    encode(word, into) {
      const { starts, ids } = best(word)
      const pieces: string[] = []
      let unknownEnd = -1
      for (let end = word.length; end > 0; end = starts[end]) {
        if (ids[end] === unknownId) {
          if (unknownEnd < 0) unknownEnd = end
          continue
        }
        if (unknownEnd >= 0) pieces.push(word.slice(end, unknownEnd))
        unknownEnd = -1
        pieces.push(word.slice(starts[end], end))
      }
      if (unknownEnd >= 0) pieces.push(word.slice(0, unknownEnd))
      for (const piece of pieces.reverse()) {
        const id = idOf.get(piece)
        const utf8 = id === undefined && bytes ? encoder.encode(piece) : undefined
        if (id !== undefined) into.push(id)
        else if (bytes && utf8?.every(byte => bytes[byte] >= 0)) into.pushAll(Array.from(utf8, byte => bytes[byte]))
        else if (unknownId !== undefined) into.push(unknownId)
        else throw noUnknown()
      }
    }
  }
}
