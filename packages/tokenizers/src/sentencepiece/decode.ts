import { byteOf, PieceType, type SentencePieceModel } from './model-file.js'
import { SPACE } from './normalize.js'

/**
 * Creates the decoder of a model (`SentencePieceProcessor::Decode`): pieces joined, U+2581 as spaces, the dummy prefix
 * left out, bytes as UTF-8. Control pieces are left out.
 *
 * @param isTextStart whether the decoded text starts at the beginning of a text, where the dummy prefix is removed
 */
export function decodePieces({
  pieces,
  normalizer,
  unknownSurface
}: SentencePieceModel): (ids: Iterable<number>) => string {
  const { addDummyPrefix, removeExtraWhitespaces } = normalizer
  return ids => {
    let text = ''
    let atStart = true
    let prefixSeen = false
    let bytes: number[] = []
    const flush = () => {
      text += decodeUtf8(bytes)
      bytes = []
    }
    for (const id of ids) {
      const { text: piece, type } = pieces[id]
      if (type === PieceType.BYTE) {
        bytes.push(byteOf(piece) as number)
        continue
      }
      flush()
      if (prefixSeen || text !== '') atStart = false
      prefixSeen = false
      if (type === PieceType.CONTROL) continue
      if (type === PieceType.UNKNOWN) {
        text += unknownSurface
        continue
      }
      const cut = atStart && (addDummyPrefix || removeExtraWhitespaces) && piece.startsWith(SPACE)
      // Where superfluous spaces are removed, all those at the beginning are.
      prefixSeen = cut && !removeExtraWhitespaces
      text += (cut ? piece.slice(1) : piece).replaceAll(SPACE, ' ')
    }
    flush()
    return text
  }
}

/** UTF-8, with U+FFFD for each byte that is not part of a character (a TextDecoder gives one for several). */
function decodeUtf8(bytes: readonly number[]): string {
  let text = ''
  for (let i = 0; i < bytes.length;) {
    const length = characterLength(bytes, i)
    text += length ? decoder.decode(Uint8Array.from(bytes.slice(i, i + length))) : '\ufffd'
    i += length || 1
  }
  return text
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Number of bytes of the character at `start`, 0 when there is none. */
function characterLength(bytes: readonly number[], start: number): number {
  const first = bytes[start]
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
  if (start + length > bytes.length) return 0
  for (let i = 1; i < length; i++) if ((bytes[start + i] & 0xc0) !== 0x80) return 0
  const second = bytes[start + 1]
  const overlong = (first === 0xe0 && second < 0xa0) || (first === 0xf0 && second < 0x90)
  const outside = (first === 0xed && second >= 0xa0) || (first === 0xf4 && second >= 0x90)
  return overlong || outside ? 0 : length
}
