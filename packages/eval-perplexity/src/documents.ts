import { createHash } from 'node:crypto'
import { SkipwiseError, type Tokenizer } from '@skipwise/core'
import { readDocuments } from '@skipwise/data'
import type { PerplexityConfig } from './config.js'

/** A document that is evaluated. */
export interface EvaluatedDocument {
  /** File relative to the recipe, with `:line` for a JSONL file. */
  readonly source: string
  /** SHA-256 of its text in UTF-8, hexadecimal: which document this is, whatever the file is called. */
  readonly sha256: string
  /** [n], without BOS, cut to `maxTokens`. */
  readonly ids: Int32Array
  /** Of the text of `ids`, in UTF-8. */
  readonly bytes: number
  /** Runs of anything but white space, as Python's `re.split(r'\s+')` counts them. */
  readonly words: number
}

/** The documents that are long enough, and how many were not. */
export interface DocumentSelection {
  readonly documents: readonly EvaluatedDocument[]
  readonly tooShort: number
}

/**
 * Reads the first documents of at least `minTokens`.
 *
 * @param bos 1 where BOS counts as a token, else 0
 * @throws SkipwiseError `PERPLEXITY_NO_DOCUMENTS`, and what reading throws
 */
export async function selectDocuments(
  config: PerplexityConfig,
  tokenizer: Tokenizer,
  bos: 0 | 1,
  resolvePath: (path: string) => string,
  signal?: AbortSignal
): Promise<DocumentSelection> {
  const documents: EvaluatedDocument[] = []
  let tooShort = 0
  let longest = 0
  for await (const { text, source } of readDocuments([config.data].flat(), {
    baseFolder: resolvePath('.'),
    signal
  })) {
    const ids = tokenizer.encode(text)
    longest = Math.max(longest, ids.length + bos)
    if (ids.length === 0 || ids.length + bos < config.minTokens) {
      tooShort++
      continue
    }
    const whole = config.maxTokens === undefined || ids.length + bos <= config.maxTokens
    const cut = whole ? ids : ids.slice(0, (config.maxTokens as number) - bos)
    const kept = whole ? text : textOf(tokenizer, cut)
    documents.push({
      source,
      sha256: createHash('sha256').update(text).digest('hex'),
      ids: cut,
      bytes: Buffer.byteLength(kept),
      words: kept.split(PYTHON_WHITE_SPACE).length
    })
    if (documents.length === config.documents) break
  }
  if (documents.length === 0) {
    throw new SkipwiseError('PERPLEXITY_NO_DOCUMENTS', {
      problem: `none of the ${tooShort} documents of ${[config.data].flat().join(', ')} has ${config.minTokens} tokens; the longest has ${longest}`,
      fix: 'evaluate longer documents or smaller windows'
    })
  }
  return { documents, tooShort }
}

/**
 * What `\s` matches in Python: it counts the separators U+001C … U+001F and U+0085, and not U+FEFF, unlike
 * JavaScript's.
 */
const PYTHON_WHITE_SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/

/** UTF-8 bytes of the tokens [scored, end) of a document. */
export function bytesOf(tokenizer: Tokenizer, { ids, bytes }: EvaluatedDocument, scored: number, end: number): number {
  const upTo = (n: number) =>
    n === 0 ? 0 : n === ids.length ? bytes : Buffer.byteLength(textOf(tokenizer, ids.subarray(0, n)))
  return upTo(end) - upTo(scored)
}

/** Text of tokens; half a character at the cut is left out. */
const textOf = (tokenizer: Tokenizer, ids: Int32Array): string => tokenizer.decode(ids).replace(/\uFFFD+$/, '')
