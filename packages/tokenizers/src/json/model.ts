import type { IdBuffer } from '../id-buffer.js'
import type { TokenTable } from './token-table.js'

/** Converts the words of a text into ids. */
export interface WordModel {
  /** Adds the ids of a word. */
  encode(word: string, into: IdBuffer): void
}

/** The tokens of a model. */
export interface Vocabulary {
  readonly idOf: TokenTable
  /** One more than the largest id. */
  readonly size: number
}

/** Ids of a token for each byte, such as <0xE6>; undefined where one is missing. */
export function byteTokens({ idOf }: Vocabulary): Int32Array {
  return Int32Array.from(
    { length: 256 },
    (_, byte) => idOf.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`) ?? -1
  )
}
