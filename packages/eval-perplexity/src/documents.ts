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
  /** Token ids without BOS, cut to `maxTokens`. */
  readonly ids: Int32Array
}

/** What was kept and what was not. */
export interface DocumentSelection {
  readonly documents: readonly EvaluatedDocument[]
  /** Documents read that were shorter than `minTokens`. */
  readonly tooShort: number
}

/**
 * The first `config.documents` documents of at least `config.minTokens` tokens, in the order of the files.
 *
 * @param bos how many tokens BOS takes of a window: 0 or 1
 * @throws SkipwiseError `PERPLEXITY_NO_DOCUMENTS`, and what reading the files throws
 */
export async function selectDocuments(
  config: PerplexityConfig,
  tokenizer: Tokenizer,
  bos: 0 | 1,
  resolvePath: (path: string) => string,
  signal?: AbortSignal
): Promise<DocumentSelection> {
  const documents: EvaluatedDocument[] = []
  let tooShort = 0, longest = 0
  for await (const { text, source } of readDocuments([config.data].flat(), { baseFolder: resolvePath('.'), ...(signal && { signal }) })) {
    const ids = tokenizer.encode(text)
    longest = Math.max(longest, ids.length + bos)
    if (ids.length + bos < config.minTokens) {
      tooShort++
      continue
    }
    const cut = config.maxTokens === undefined ? ids : ids.slice(0, config.maxTokens - bos)
    documents.push({ source, sha256: createHash('sha256').update(text).digest('hex'), ids: cut })
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
