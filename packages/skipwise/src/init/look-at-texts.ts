import { SkipwiseError, type Tokenizer } from '@skipwise/core'
import { matchFiles, readDocuments } from '@skipwise/data'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'

/** What `init` sees of texts: the lengths of the first documents. */
export interface SeenTexts {
  readonly patterns: readonly string[]
  readonly files: number
  readonly bytes: number
  /** Tokens of each of the documents that were read, from the beginning of every file. */
  readonly lengths: readonly number[]
}

/** At most so many documents and characters are read: enough to see how long documents are. */
const DOCUMENTS = 300
const CHARACTERS = 8_000_000
/** Characters of a token, where there is no tokenizer to ask. */
const CHARACTERS_PER_TOKEN = 4

/**
 * Reads the beginning of texts.
 *
 * @param tokenizer undefined: tokens are guessed from characters
 * @throws SkipwiseError what finding and reading them throws, `DATA_NO_FILES` where they have no document
 */
export async function lookAtTexts(
  patterns: readonly string[],
  tokenizer: Tokenizer | undefined,
  baseFolder: string,
  signal: AbortSignal
): Promise<SeenTexts> {
  const files = await matchFiles([...patterns], baseFolder)
  const sizes = await Promise.all(files.map(async file => (await stat(resolve(baseFolder, file))).size))
  const lengths: number[] = []
  let characters = 0
  for await (const { text } of readDocuments([...patterns], { baseFolder })) {
    signal.throwIfAborted()
    lengths.push(tokenizer ? tokenizer.encode(text).length : Math.ceil(text.length / CHARACTERS_PER_TOKEN))
    characters += text.length
    if (lengths.length >= DOCUMENTS || characters >= CHARACTERS) break
  }
  if (lengths.length === 0)
    throw new SkipwiseError('DATA_NO_FILES', {
      problem: `${patterns.join(' ')} has no document`,
      fix: 'pass files with texts: .txt, .md, .jsonl or .parquet'
    })
  return { patterns, files: files.length, bytes: sizes.reduce((sum, size) => sum + size, 0), lengths }
}

/** How many of the documents have so many tokens, as a share of 1. */
export const shareOf = ({ lengths }: SeenTexts, tokens: number): number =>
  lengths.filter(length => length >= tokens).length / lengths.length
