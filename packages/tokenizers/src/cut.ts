import type { TokenizerFile } from './tokenizer-file.js'

/** Characters of a piece: few enough that texts which begin alike have most of their pieces in common. */
const PIECE_CHARACTERS = 256

/** A place between two words: an ASCII letter, one space, an ASCII letter. The cut goes before the space. */
const BETWEEN_WORDS = /[A-Za-z](?= [A-Za-z])/g

/**
 * Cuts a text into pieces of about 256 characters, each but the first beginning with the space before a word. A text without such places
 * stays whole. Pieces join to the text.
 */
export function cutBetweenWords(text: string, pieceCharacters: number = PIECE_CHARACTERS): string[] {
  const pieces: string[] = []
  let start = 0
  while (text.length - start > pieceCharacters) {
    BETWEEN_WORDS.lastIndex = start + pieceCharacters - 1
    const place = BETWEEN_WORDS.exec(text)
    if (!place) break
    pieces.push(text.slice(start, place.index + 1))
    start = place.index + 1
  }
  pieces.push(text.slice(start))
  return pieces
}

/** Words, numbers, punctuation and white space around places between words. */
export const PROBE =
  "The quick brown fox isn't here. It's  12345 items,\n\nwe're done (almost) now\r\n\tfor x in range:\n    return x ** 2  # ok\n" +
  'of the in the of a to be or not to be NASA and HTTPServer caf\u00e9 na\u00efve end of text a b c d '

/**
 * Whether encoding pieces of {@link cutBetweenWords} one by one gives the ids of the whole text. It does for byte-level tokenizers whose
 * pre-tokenizer starts a new word at a space between two letters (those of GPT-2, LLaMA 3, Qwen 2, …): no merge crosses the cut, a Unicode
 * normalisation does not either, and no added token may. Whether it starts a word there is tried on a probe.
 */
export function canBeCut(file: TokenizerFile, encode: (text: string) => readonly number[]): boolean {
  const preTokenizers = file.pre_tokenizer?.type === 'Sequence' ? (file.pre_tokenizer['pretokenizers'] as { type: string }[]) : [file.pre_tokenizer]
  const normalizers = file.normalizer?.type === 'Sequence' ? (file.normalizer['normalizers'] as { type: string }[]) : [file.normalizer]
  const byteLevel = preTokenizers.at(-1)?.type === 'ByteLevel' && preTokenizers.every(item => item?.type === 'ByteLevel' || item?.type === 'Split' || item?.type === 'Digits')
  const unicode = normalizers.every(item => !item || /^NFK?[CD]$/.test(item.type))
  const tokensKeepAway = file.added_tokens.every(({ content }) => !/^[A-Za-z]|[A-Za-z]$|[A-Za-z] [A-Za-z]/.test(content))
  if (!byteLevel || !unicode || !tokensKeepAway) return false
  const whole = encode(PROBE), cut = cutBetweenWords(PROBE, 1).flatMap(piece => encode(piece))
  return whole.length === cut.length && whole.every((id, i) => id === cut[i])
}
