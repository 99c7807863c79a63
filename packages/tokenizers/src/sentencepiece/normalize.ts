import type { CharacterMap } from './character-map.js'
import type { NormalizerSpec } from './model-file.js'

/** What SentencePiece writes for a space: U+2581. */
export const SPACE = '\u2581'

/** Rules for the text that is encoded. */
export interface NormalizeRules extends NormalizerSpec {
  readonly whitespaceAsSuffix: boolean
  /** Pieces that stay as they are, whatever the rules. */
  readonly matchUserDefined: ((text: string, start: number) => number) | undefined
}

/**
 * The text that SentencePiece encodes for `text` (`Normalizer::Normalize`): normalised by the model's character map,
 * spaces written as U+2581, superfluous ones removed where the model says so, and one added in front.
 *
 * @param prefix whether the dummy prefix is added, where the model has one
 */
export function normalize(text: string, rules: NormalizeRules, prefix: boolean): string {
  const { characterMap, removeExtraWhitespaces, escapeWhitespaces, whitespaceAsSuffix, matchUserDefined } = rules
  const space = escapeWhitespaces ? SPACE : ' '
  const wellFormed = replaceLoneSurrogates(text)
  let body: string | undefined
  if (!characterMap && !(removeExtraWhitespaces && matchUserDefined)) {
    body = (removeExtraWhitespaces ? wellFormed.replace(/^ +/, '').replace(/ {2,}/g, ' ') : wellFormed) || undefined
  } else {
    body = joinPrefixes(prefixesOf(wellFormed, characterMap, matchUserDefined), removeExtraWhitespaces)
  }
  if (body === undefined) return ''
  const escaped = escapeWhitespaces ? body.replaceAll(' ', SPACE) : body
  const dummy = rules.addDummyPrefix && prefix ? space : ''
  const whole = whitespaceAsSuffix ? escaped : dummy + escaped
  return (removeExtraWhitespaces ? withoutEnd(whole, space) : whole) + (whitespaceAsSuffix ? dummy : '')
}

/** Half a surrogate pair in UTF-8. */
const replaceLoneSurrogates = (text: string) => text.replace(/\p{Surrogate}/gu, '\ufffd')

/** The text character by character, or in longer parts where the map or a user-defined piece has them. */
function* prefixesOf(
  text: string,
  characterMap: CharacterMap | undefined,
  matchUserDefined: NormalizeRules['matchUserDefined']
): Generator<string> {
  const bytes = new TextEncoder().encode(text)
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  // Offsets in UTF-16 and in UTF-8 advance together.
  for (let i = 0, at = 0; i < text.length;) {
    const own = matchUserDefined?.(text, i) ?? 0
    const match = own ? undefined : characterMap?.longestMatch(bytes, at)
    if (match) {
      yield decoder.decode(match.replacement)
      i += decoder.decode(bytes.subarray(at, at + match.length)).length
      at += match.length
    } else {
      const piece = own ? text.slice(i, i + own) : String.fromCodePoint(text.codePointAt(i) as number)
      yield piece
      i += piece.length
      at += Buffer.byteLength(piece)
    }
  }
}

/** Undefined when the text had only spaces that are removed: it gets no dummy prefix. */
function joinPrefixes(prefixes: Iterable<string>, removeExtraWhitespaces: boolean): string | undefined {
  const parts: string[] = []
  let heading = true
  let afterSpace = removeExtraWhitespaces
  for (const prefix of prefixes) {
    if (heading && removeExtraWhitespaces && prefix === ' ') continue
    heading = false
    const part = afterSpace ? prefix.replace(/^ +/, '') : prefix
    if (part === '') continue
    parts.push(part)
    afterSpace = removeExtraWhitespaces && part.endsWith(' ')
  }
  return heading ? undefined : parts.join('')
}

function withoutEnd(text: string, end: string): string {
  let length = text.length
  while (text.startsWith(end, length - end.length) && length > 0) length -= end.length
  return text.slice(0, length)
}

/** Characters of a block: the whole normalised text is never in memory. */
const BLOCK = 1 << 16

/**
 * {@link normalize}, in blocks that no piece of the vocabulary crosses, where the rules change characters one by one;
 * otherwise in one block.
 *
 * @param joins whether some piece has two characters next to each other, undefined when that is unknown
 */
export function* normalizedBlocks(
  text: string,
  rules: NormalizeRules,
  prefix: boolean,
  joins: ((left: number, right: number) => boolean) | undefined,
  block: number = BLOCK
): Generator<string> {
  let start = 0
  if (joins && !rules.characterMap && !rules.removeExtraWhitespaces && !rules.whitespaceAsSuffix) {
    const normal = (character: number) => (character === 0x20 && rules.escapeWhitespaces ? 0x2581 : character)
    // Half a surrogate pair is replaced: no cut next to it.
    const half = (character: number) => character >= 0xd800 && character < 0xe000
    for (let end = start + block; end < text.length; end += (text.codePointAt(end) as number) > 0xffff ? 2 : 1) {
      const before = text.codePointAt(end - 2) as number
      const left = before > 0xffff ? before : text.charCodeAt(end - 1)
      const right = text.codePointAt(end) as number
      if (half(left) || half(right) || joins(normal(left), normal(right))) continue
      yield normalize(text.slice(start, end), rules, prefix && start === 0)
      start = end
      end += block - 1
    }
  }
  yield normalize(text.slice(start), rules, prefix && start === 0)
}
