import type { IdBuffer } from '../id-buffer.js'
import { invalid } from '../read-json.js'
import { characterOfByte } from './bytes-as-characters.js'
import type { MergeTable } from './merge-table.js'
import { mergeWord } from './merge-word.js'
import { byteTokens, type Vocabulary, type WordModel } from './model.js'
import type { TokenTable } from './token-table.js'
import { WordCache } from './word-cache.js'

/** Options of a BPE model of tokenizer.json besides its vocabulary and its merges. */
export interface BpeOptions {
  readonly unknown: string | undefined
  readonly fuseUnknown: boolean
  readonly byteFallback: boolean
  /** A word that is a token becomes that token, whatever the merges are. */
  readonly ignoreMerges: boolean
  /** Prefix of all characters of a word but the first, and suffix of the last. */
  readonly prefix: string
  readonly suffix: string
  /** Whether words are encoded as bytes as characters; this model converts them. */
  readonly bytes: boolean
  /** For messages. */
  readonly file: string
}

/**
 * Byte-pair encoding (`models/bpe` of the Rust library): the characters of a word are tokens, or bytes, or unknown, and
 * neighbours are merged by {@link mergeWord}. Words are cached with their ids.
 *
 * @param joins whether some token has two characters next to each other; where given, words are cut where no token has
 * them
 */
export function makeBpe(
  vocabulary: Vocabulary,
  merges: MergeTable,
  options: BpeOptions,
  joins: ((left: number, right: number) => boolean) | undefined
): WordModel {
  const { idOf } = vocabulary
  const cache = new WordCache()
  const symbolsOf = makeSymbols(vocabulary, options)
  const asToken = (word: string) => (options.bytes ? bytesToken(word, idOf) : idOf.get(word))
  const encodeWord = (word: string, into: IdBuffer) => {
    const known = cache.get(word)
    if (known !== undefined) return into.pushAll(known)
    const whole = options.ignoreMerges ? asToken(word) : undefined
    if (whole !== undefined) {
      cache.add(word, [whole])
      return into.push(whole)
    }
    const { ids, count } = symbolsOf(word)
    const left = mergeWord(ids, count, merges)
    cache.add(word, ids.subarray(0, left))
    for (let i = 0; i < left; i++) into.push(ids[i])
  }
  if (!joins) return { encode: encodeWord }
  return {
    encode(text, into) {
      let start = 0
      let left = text.codePointAt(0) ?? 0
      for (let i = left > 0xffff ? 2 : 1; i < text.length;) {
        const right = text.codePointAt(i) ?? 0
        if (!joins(left, right)) {
          encodeWord(text.slice(start, i), into)
          start = i
        }
        left = right
        i += right > 0xffff ? 2 : 1
      }
      if (start < text.length) encodeWord(text.slice(start), into)
    }
  }
}

interface Symbols {
  /** Scratch memory that the next word overwrites. */
  readonly ids: Int32Array
  readonly count: number
}

const encoder = new TextEncoder()

/** Reads a word as its initial symbols. */
function makeSymbols(vocabulary: Vocabulary, options: BpeOptions): (word: string) => Symbols {
  const { idOf } = vocabulary
  const idOfByte = Int32Array.from(characterOfByte, character => idOf.get(character) ?? -1)
  let scratch = new Int32Array(256)
  const room = (length: number): Int32Array => {
    if (scratch.length < length) scratch = new Int32Array(2 * length)
    return scratch
  }
  const plain = options.prefix === '' && options.suffix === ''
  const ofCharacters = characterSymbols(vocabulary, options, room)
  if (!options.bytes || !plain) return options.bytes ? word => ofCharacters(bytesOf(word)) : ofCharacters
  let utf8 = new Uint8Array(256)
  const complete = !idOfByte.includes(-1)
  return word => {
    if (!complete) return ofCharacters(bytesOf(word))
    if (utf8.length < 3 * word.length) utf8 = new Uint8Array(6 * word.length)
    const { written } = encoder.encodeInto(word, utf8)
    const ids = room(written)
    for (let i = 0; i < written; i++) ids[i] = idOfByte[utf8[i]]
    return { ids, count: written }
  }
}

function bytesOf(word: string): string {
  let characters = ''
  for (const byte of encoder.encode(word)) characters += characterOfByte[byte]
  return characters
}

/** The id of a word that is a token of bytes as characters. ASCII without white space stays as it is. */
const bytesToken = (word: string, idOf: TokenTable): number | undefined =>
  idOf.get(/^[!-~]+$/.test(word) ? word : bytesOf(word))

/** Characters become tokens; unknown ones become the tokens of their bytes, or the unknown token, or nothing. */
function characterSymbols(vocabulary: Vocabulary, options: BpeOptions, room: (length: number) => Int32Array) {
  const { idOf } = vocabulary
  const { prefix, suffix, fuseUnknown, file } = options
  const bytes = options.byteFallback ? byteTokens(vocabulary) : undefined
  const unknown = options.unknown === undefined ? undefined : idOf.get(options.unknown)
  return (word: string): Symbols => {
    // A character may become several bytes, with its prefix and suffix.
    const ids = room(3 * word.length * (1 + prefix.length) + 3 * suffix.length)
    let count = 0
    let waiting = false
    for (let i = 0; i < word.length;) {
      const length = (word.codePointAt(i) ?? 0) > 0xffff ? 2 : 1
      const bare = word.slice(i, i + length)
      const character = (i > 0 ? prefix : '') + bare + (i + length === word.length ? suffix : '')
      i += length
      const id = idOf.get(character)
      if (id !== undefined) {
        if (waiting) ids[count++] = unknown ?? -1
        waiting = false
        ids[count++] = id
        continue
      }
      if (bytes) {
        const utf8 = encoder.encode(character)
        if (utf8.every(byte => bytes[byte] >= 0)) {
          // An unknown character before them comes after them, as in the reference.
          for (const byte of utf8) ids[count++] = bytes[byte]
          continue
        }
      }
      if (options.unknown === undefined) continue
      if (unknown === undefined) throw invalid(file, `its unknown token '${options.unknown}' is not in the vocabulary`)
      if (waiting && !fuseUnknown) ids[count++] = unknown
      waiting = true
    }
    if (waiting) ids[count++] = unknown ?? -1
    return { ids, count }
  }
}
