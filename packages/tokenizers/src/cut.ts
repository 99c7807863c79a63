import type { TokenizerFile } from './tokenizer-file.js'

/** Characters of a piece: few enough that texts which begin alike have most of their pieces in common. */
const PIECE_CHARACTERS = 256

/** A place between two words: an ASCII letter, one space, an ASCII letter. The cut goes before the space. */
const BETWEEN_WORDS = /[A-Za-z](?= [A-Za-z])/g

/** What becomes of the space at a cut: it begins the next piece, or is left out because the tokenizer puts one in front of every text. */
export type CutStyle = 'keep-space' | 'drop-space'

/** Cuts a text into pieces of about 256 characters at spaces between two words. A text without such places stays whole. */
export function cutBetweenWords(text: string, style: CutStyle, pieceCharacters: number = PIECE_CHARACTERS): string[] {
  const pieces: string[] = [], left = style === 'drop-space' ? 1 : 0
  let start = 0
  while (text.length - start > pieceCharacters) {
    BETWEEN_WORDS.lastIndex = start + pieceCharacters - 1
    const place = BETWEEN_WORDS.exec(text)
    if (!place) break
    pieces.push(text.slice(start, place.index + 1))
    start = place.index + 1 + left
  }
  pieces.push(text.slice(start))
  return pieces
}

/** Words, numbers, punctuation and white space around places between words. */
export const PROBE =
  "The quick brown fox isn't here. It's  12345 items,\n\nwe're done (almost) now\r\n\tfor x in range:\n    return x ** 2  # ok\n" +
  'of the in the of a to be or not to be NASA and HTTPServer caf\u00e9 na\u00efve end of text a b c d '

/**
 * How a text can be cut so that encoding pieces of {@link cutBetweenWords} one by one gives the ids of the whole text; undefined when it
 * cannot. Two kinds of tokenizers can:
 *
 * - byte-level ones whose pre-tokenizer starts a new word at a space between two letters (GPT-2, LLaMA 3, Qwen 2, …);
 * - those converted from SentencePiece that put U+2581 in front of a text and for every space (LLaMA 2, Mistral, …), when no token has
 *   U+2581 behind something else: a text that begins behind a space then reads as one that begins with it.
 *
 * No merge crosses such a cut, a Unicode normalisation does not either, and no added token may. It is also tried on a probe.
 */
export function howToCut(file: TokenizerFile, encode: (text: string) => readonly number[]): CutStyle | undefined {
  const style = isByteLevel(file) ? 'keep-space' : isSentencePiece(file) ? 'drop-space' : undefined
  const tokensKeepAway = file.added_tokens.every(({ content }) => !/^[A-Za-z]|[A-Za-z]$|[A-Za-z] [A-Za-z]/.test(content))
  if (!style || !tokensKeepAway) return undefined
  const whole = encode(PROBE), cut = cutBetweenWords(PROBE, style, 1).flatMap(piece => encode(piece))
  return whole.length === cut.length && whole.every((id, i) => id === cut[i]) ? style : undefined
}

type Part = Readonly<Record<string, unknown>> & { readonly type: string }

/** The steps of a part that may be one, several or none. */
const stepsOf = (part: Part | null, key: string): readonly Part[] => (part === null ? [] : part.type === 'Sequence' ? (part[key] as Part[]) : [part])

function isByteLevel({ pre_tokenizer, normalizer }: TokenizerFile): boolean {
  const steps = stepsOf(pre_tokenizer, 'pretokenizers')
  return steps.at(-1)?.type === 'ByteLevel' && steps.every(({ type }) => /^(ByteLevel|Split|Digits)$/.test(type)) && stepsOf(normalizer, 'normalizers').every(({ type }) => /^NFK?[CD]$/.test(type))
}

const SPACE = '\u2581'

function isSentencePiece({ model, pre_tokenizer, normalizer }: TokenizerFile): boolean {
  const vocab = model['vocab'], steps = [...stepsOf(normalizer, 'normalizers'), ...stepsOf(pre_tokenizer, 'pretokenizers')]
  const prepends = steps.some(({ type, ...step }) => (type === 'Prepend' && step['prepend'] === SPACE) || (type === 'Metaspace' && step['replacement'] === SPACE && step['prepend_scheme'] !== 'never'))
  const known = steps.every(({ type, ...step }) => type === 'Prepend' || type === 'Metaspace' || (type === 'Replace' && (step['pattern'] as { String?: unknown } | undefined)?.String === ' ' && step['content'] === SPACE))
  const crosses = (token: string) => /[^\u2581]\u2581/.test(token)
  return model.type === 'BPE' && prepends && known && typeof vocab === 'object' && vocab !== null && !Array.isArray(vocab) && !Object.keys(vocab).some(crosses)
}
