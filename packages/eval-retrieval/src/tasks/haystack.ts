import { DEFAULT_NOISE } from '../passkey-document.js'

/** A text to hide things in: its sentences, read round and round. */
export interface HaystackText {
  readonly sentences: readonly string[]
}

/** The noise sentence of the passkey prompts. */
export const noiseText: HaystackText = { sentences: [DEFAULT_NOISE] }

/** The sentences of a text of the user's; the noise where it has none. */
export function textHaystack(text: string): HaystackText {
  const sentences = text
    .split(/(?<=[.!?])\s+/)
    .map(sentence => sentence.replace(/\s+/g, ' ').trim())
    .filter(Boolean)
  return sentences.length > 0 ? { sentences } : noiseText
}

/** The first `count` sentences. */
export const sentencesOf = ({ sentences }: HaystackText, count: number): string[] =>
  Array.from({ length: count }, (_, i) => sentences[i % sentences.length])

/**
 * Lines with needles between them.
 *
 * @param places a share of the lines before each needle, in [0, 1)
 * @returns the lines, and how many of `lines` come before each needle
 */
export function withNeedles(
  lines: readonly string[],
  needles: readonly string[],
  places: readonly number[]
): { readonly lines: readonly string[]; readonly before: readonly number[] } {
  const before = places.map(place => Math.min(Math.floor(place * (lines.length + 1)), lines.length))
  const gaps = new Map<number, string[]>()
  needles.forEach((needle, i) => gaps.set(before[i], [...(gaps.get(before[i]) ?? []), needle]))
  return {
    lines: [...lines, undefined].flatMap((line, i) => [...(gaps.get(i) ?? []), ...(line === undefined ? [] : [line])]),
    before
  }
}
