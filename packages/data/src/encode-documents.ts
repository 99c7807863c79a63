import type { Tokenizer } from '@skipwise/core'
import type { TextDocument } from './documents.js'
import { partsOf, sharedBeginning, tokensOfSpans } from './learned-tokens.js'

/** A document's ids, and what of them is learned. */
export interface EncodedDocument {
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
