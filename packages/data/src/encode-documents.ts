import type { Tokenizer } from '@skipwise/core'
import type { TextDocument } from './documents.js'

/** Token ids of documents one after another, and which of them are learned once a document says so. */
export class TokenBuffer {
  private ids = new Int32Array(1 << 16)
  private learned: Uint8Array<ArrayBuffer> | undefined
  /** Tokens so far. */
  length = 0

  /** Appends ids [n]; `learned` [n] is 1 for those that are learned, undefined where all are. */
  append(ids: ArrayLike<number>, learned: ArrayLike<number> | undefined): void {
    const length = this.length + ids.length
    if (length > this.ids.length) this.grow(Math.max(2 * this.ids.length, length))
    if (learned) this.learned ??= new Uint8Array(this.ids.length).fill(1)
    this.ids.set(ids, this.length)
    if (learned) this.learned?.set(learned, this.length)
    this.length = length
  }

  /** Copies of what was appended, no longer than it. */
  take(): { readonly ids: Int32Array; readonly learned: Uint8Array | undefined } {
    return { ids: this.ids.slice(0, this.length), learned: this.learned?.slice(0, this.length) }
  }

  private grow(capacity: number): void {
    const ids = new Int32Array(capacity)
    ids.set(this.ids)
    this.ids = ids
    if (!this.learned) return
    const learned = new Uint8Array(capacity).fill(1)
    learned.set(this.learned)
    this.learned = learned
  }
}

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
  /** The first token with a character after the cut. */
  readonly behind: number
  /** One more than the last token that holds a character before it. */
  readonly before: number
}

/**
 * Which tokens of a text hold a character of a span: 1, else 0, [n]. A tokenizer gives no offsets, so places are found
 * by encoding parts: where a part has the same ids as the text, both end at the same character. The few tokens for
 * which nothing is certain get no 1.
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

/** The text after a cut can change the tokens before it: so these are walked, by their texts. */
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
function sharedBeginning(one: Int32Array, other: Int32Array): number {
  let shared = 0
  while (shared < other.length && shared < one.length && other[shared] === one[shared]) shared++
  return shared
}

/** A document's ids, and what of them is learned. */
interface EncodedDocument {
  readonly encoded: Int32Array
  /** 1 for tokens that are learned, [n]; undefined where all are. */
  readonly learned: Uint8Array | undefined
  /** Whether the text spells its special tokens itself. */
  readonly complete: boolean
  readonly source: string
}

/** Encodes documents in their order. */
export async function* encodeDocuments(
  documents: Iterable<TextDocument> | AsyncIterable<TextDocument>,
  tokenizer: Tokenizer
): AsyncGenerator<EncodedDocument> {
  for await (const document of documents) {
    const texts = textsOf(document)
    yield encodedOf(
      document,
      texts.map(text => tokenizer.encode(text)),
      tokenizer
    )
  }
}

/** What is encoded of a document: its text, and what tells which tokens are learned. */
const textsOf = ({ text, prompt, learned }: TextDocument): string[] => [
  text,
  ...(learned ? partsOf(text, learned) : prompt === undefined ? [] : [prompt])
]

function encodedOf(
  { text, prompt, learned, source }: TextDocument,
  [encoded, ...parts]: readonly Int32Array[],
  tokenizer: Tokenizer
): EncodedDocument {
  if (learned)
    return { encoded, learned: tokensOfSpans(text, learned, encoded, parts, tokenizer), complete: true, source }
  // a token that holds characters of both is the completion's
  const flags =
    prompt === undefined ? undefined : new Uint8Array(encoded.length).fill(1, sharedBeginning(encoded, parts[0]))
  return { encoded, learned: flags, complete: false, source }
}
