import { SkipwiseError, type Tokenizer } from '@skipwise/core'
import { createHash } from 'node:crypto'
import type { TextDocument } from './documents.js'
import { encodeDocuments, TokenBuffer } from './encode-documents.js'

/** Documents as token ids. */
export interface Corpus {
  /** Number of documents. */
  readonly length: number
  /** Tokens of all documents together. */
  readonly tokens: number
  /** Documents left out because they have fewer tokens than was asked for. */
  readonly tooShort: number
  /**
   * sha256 of the token ids, of which of them are learned, and of where each document ends: two corpora with one digest
   * give the same examples.
   */
  readonly digest: string
  /** Token ids of document `index`, [n], a view: do not write to it. */
  document(index: number): Int32Array
  /**
   * Which tokens of document `index` are learned, [n], a view: 0 for those of a prompt, and for what others than the
   * assistant say in a conversation; else 1. Undefined in a corpus without prompts and conversations, which is learned
   * whole.
   */
  learned(index: number): Uint8Array | undefined
  /** Number of tokens of document `index`. */
  tokensOf(index: number): number
  /** Where document `index` was read. */
  source(index: number): string
}

/** How documents become token ids. */
export interface TokenizeOptions {
  /** Leave out documents with fewer tokens, BOS and EOS included; default 1. */
  readonly minTokens?: number | undefined
  /** Put BOS before every document; default what the tokenizer says. */
  readonly addBos?: boolean | undefined
  /** Put EOS after every document; default: as the tokenizer does. */
  readonly addEos?: boolean | undefined
}

/** What a corpus is made of: ids one after another, `ends[i]` where document i ends. */
export interface CorpusData {
  readonly ids: Int32Array
  /** 1 for ids that are learned, else 0, as many as ids; undefined where all are. */
  readonly learned: Uint8Array | undefined
  readonly ends: Float64Array
  readonly sources: readonly string[]
  readonly tooShort: number
}

/**
 * Encodes documents, one at a time, into one buffer.
 *
 * @throws SkipwiseError `DATA_NO_DOCUMENTS`, `DATA_TOO_SHORT`, and what reading and encoding throw
 */
export async function tokenizeDocuments(
  documents: Iterable<TextDocument> | AsyncIterable<TextDocument>,
  tokenizer: Tokenizer,
  options: TokenizeOptions = {}
): Promise<Corpus> {
  return corpusOf(await tokenize(documents, tokenizer, options))
}

/** {@link tokenizeDocuments}, as data that can be kept in a file. */
export async function tokenize(
  documents: Iterable<TextDocument> | AsyncIterable<TextDocument>,
  tokenizer: Tokenizer,
  { minTokens = 1, addBos = tokenizer.addBos, addEos = tokenizer.addEos ?? false }: TokenizeOptions
): Promise<CorpusData> {
  const bosIds = addBos && tokenizer.bosId !== undefined ? [tokenizer.bosId] : []
  const eosIds = addEos && tokenizer.eosId !== undefined ? [tokenizer.eosId] : []
  const buffer = new TokenBuffer()
  let tooShort = 0
  let longest = 0
  const ends: number[] = []
  const sources: string[] = []
  for await (const { encoded, learned, complete, source } of encodeDocuments(documents, tokenizer)) {
    const [bos, eos] = complete ? [[], []] : [bosIds, eosIds]
    const tokens = bos.length + encoded.length + eos.length
    longest = Math.max(longest, tokens)
    if (tokens < minTokens) {
      tooShort++
      continue
    }
    // BOS is a part of the prompt, EOS of what is learned
    buffer.append([...bos, ...encoded, ...eos], learned && [...bos.map(() => 0), ...learned, ...eos.map(() => 1)])
    ends.push(buffer.length)
    sources.push(source)
  }
  if (!ends.length) throw nothingLeft(tooShort, longest, minTokens)
  return { ...buffer.take(), ends: Float64Array.from(ends), sources, tooShort }
}

function nothingLeft(documents: number, longest: number, minTokens: number): SkipwiseError {
  if (documents === 0)
    return new SkipwiseError('DATA_NO_DOCUMENTS', {
      problem: 'the data files contain no document',
      fix: 'use files that contain text'
    })
  return new SkipwiseError('DATA_TOO_SHORT', {
    problem: `all ${documents} documents have fewer than ${minTokens} tokens; the longest has ${longest}`,
    fix: `use longer documents, join short ones, or a window of at most ${longest} tokens`
  })
}

/** Tokens that are hashed at once where some are not learned. */
const HASHED_TOKENS = 1 << 16

/** What a digest adds to the id of a token that is not learned: runs are recognised by it, so it stays. */
const NOT_LEARNED = 2 ** 30

/** sha256 of ends and ids, with {@link NOT_LEARNED}. */
export function digestOfCorpus({ ids, learned, ends }: CorpusData): string {
  const hash = createHash('sha256').update(bytesOf(ends))
  if (!learned) return hash.update(bytesOf(ids)).digest('hex')
  for (let start = 0; start < ids.length; start += HASHED_TOKENS) {
    const part = ids.slice(start, start + HASHED_TOKENS)
    hash.update(bytesOf(part.map((id, t) => (learned[start + t] ? id : id + NOT_LEARNED))))
  }
  return hash.digest('hex')
}

/** The memory of a typed array as bytes. */
export const bytesOf = (array: Int32Array | Float64Array | Uint8Array) =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

/** A corpus over its data. */
export function corpusOf(data: CorpusData, digest: string = digestOfCorpus(data)): Corpus {
  const { ids, learned, ends, sources, tooShort } = data
  const startOf = (index: number) => (index === 0 ? 0 : ends[index - 1])
  return Object.freeze({
    length: ends.length,
    tokens: ids.length,
    tooShort,
    digest,
    document: (index: number) => ids.subarray(startOf(index), ends[index]),
    learned: (index: number) => learned?.subarray(startOf(index), ends[index]),
    tokensOf: (index: number) => ends[index] - startOf(index),
    source: (index: number) => sources[index]
  })
}

/**
 * Documents that are one answer of a conversation and what came before it, where the chat template writes answers in
 * another way once more messages follow.
 */
export function answersApart(corpus: Corpus): number {
  let answers = 0
  for (let index = 0; index < corpus.length; index++) if (/:\d+#\d+$/.test(corpus.source(index))) answers++
  return answers
}

/** The documents of a corpus that `indices` names, in that order; no token is copied. */
export function subset(corpus: Corpus, indices: Uint32Array): Corpus {
  let tokens = 0
  for (const index of indices) tokens += corpus.tokensOf(index)
  return Object.freeze({
    length: indices.length,
    tokens,
    tooShort: 0,
    digest: createHash('sha256').update(corpus.digest).update(indices).digest('hex'),
    document: (index: number) => corpus.document(indices[index]),
    learned: (index: number) => corpus.learned(indices[index]),
    tokensOf: (index: number) => corpus.tokensOf(indices[index]),
    source: (index: number) => corpus.source(indices[index])
  })
}
