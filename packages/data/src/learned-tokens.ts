import type { Tokenizer } from '@skipwise/core'

type Spans = readonly (readonly [number, number])[]

/**
 * A text cut at the ends of spans [start, end): encoded one by one, its parts mostly have the ids that they have in it.
 */
export const partsOf = (text: string, spans: Spans): string[] => {
  const ends = spans.flat()
  return [...ends, text.length].map((end, i) => text.slice(ends[i - 1] ?? 0, end))
}

/** Where a text is cut, in tokens. */
interface Cut {
  /** The first token that holds a character behind the cut. */
  readonly behind: number
  /** One more than the last token that holds a character before it. */
  readonly before: number
}

/**
 * Which tokens of a text hold a character of a span: 1, else 0, [n]. A tokenizer tells no offsets, so places are found
 * by encoding parts: where a part has the ids that stand in the text, both end at the same character. Of a few tokens
 * for which nothing is certain, no 1 is given.
 *
 * @param ids of the text [n]
 * @param parts ids of {@link partsOf}
 */
export function tokensOfSpans(
  text: string,
  spans: Spans,
  ids: Int32Array,
  parts: readonly Int32Array[],
  tokenizer: Pick<Tokenizer, 'encode' | 'decode'>
): Uint8Array {
  const flags = new Uint8Array(ids.length)
  const cuts: Cut[] = []
  // undefined: a token reaches over the cut before
  let known: number | undefined = 0
  spans.flat().forEach((at, i) => {
    const part = parts[i]
    const start = known
    const same =
      start !== undefined && start + part.length <= ids.length && part.every((id, t) => id === ids[start + t])
    const cut = same ? exactly(start + part.length) : cutAt(text, at, ids, tokenizer)
    known = cut.before === cut.behind ? cut.before : undefined
    cuts.push(cut)
  })
  for (let i = 0; i < cuts.length; i += 2) flags.fill(1, cuts[i].behind, Math.max(cuts[i].behind, cuts[i + 1].before))
  return flags
}

const exactly = (tokens: number): Cut => ({ behind: tokens, before: tokens })

/**
 * Tokens before a change that are decoded with it, for what a decoder does at the beginning of a text; and most tokens
 * that a change can reach over.
 */
const CONTEXT = 4
const REACH = 64

/** What stands behind a cut can change the tokens before it: these are walked, by their texts. */
function cutAt(
  text: string,
  at: number,
  ids: Int32Array,
  { encode, decode }: Pick<Tokenizer, 'encode' | 'decode'>
): Cut {
  const prefix = encode(text.slice(0, at))
  const shared = sharedBeginning(ids, prefix)
  if (shared === prefix.length) return exactly(shared)
  const from = Math.max(0, shared - CONTEXT)
  const begin = decode(ids.subarray(from, shared)).length
  const tail = decode(prefix.subarray(from)).slice(begin)
  const start = at - tail.length
  if (tail && text.slice(start, at) === tail) {
    let known = shared
    for (let end = shared + 1; end <= Math.min(ids.length, shared + REACH); end++) {
      const piece = decode(ids.subarray(from, end)).slice(begin)
      const reached = start + piece.length
      // a token can end within a character
      if (!text.startsWith(piece, start)) continue
      if (reached >= at) return { behind: reached > at ? known : end, before: end }
      known = end
    }
  }
  const suffix = encode(text.slice(at)).reverse()
  return { behind: Math.max(shared, ids.length - sharedBeginning(ids.slice().reverse(), suffix)), before: shared }
}

/** Tokens at the beginning of two lists that are the same. */
export function sharedBeginning(one: Int32Array, other: Int32Array): number {
  let shared = 0
  while (shared < other.length && shared < one.length && other[shared] === one[shared]) shared++
  return shared
}
