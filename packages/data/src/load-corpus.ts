import { letEventsIn, type Tokenizer } from '@skipwise/core'
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { readCache, writeCache } from './cache.js'
import { corpusOf, tokenize, type Corpus, type TokenizeOptions } from './corpus.js'
import { readDocuments, sourceOf, type ReadOptions } from './documents.js'
import { checkUnchanged, stateOf, type FileState } from './file-state.js'
import { matchFiles } from './glob.js'
import { unreadable } from './lines.js'
import { readSmall } from './small-files.js'

/** How a corpus is read, encoded and kept. */
export interface LoadOptions extends ReadOptions, TokenizeOptions {
  /**
   * Folder in which token ids are kept; made where it is missing. Without it, or with a tokenizer without `digest`,
   * nothing is kept.
   */
  readonly cacheFolder?: string | undefined
}

/** Changes whenever the same files and options would give another corpus, or another file of it. */
const CACHE_VERSION = 3

/**
 * Reads files into a corpus, or takes it from the cache when neither a file's content, the tokenizer nor an option has
 * changed. A cache that is damaged is made again.
 *
 * @throws SkipwiseError `DATA_NO_FILES`, `DATA_FILE_INVALID`, `DATA_LINE_INVALID`, `DATA_NO_DOCUMENTS`,
 * `DATA_TOO_SHORT`, `DATA_NO_TEMPLATE`, `DATA_CACHE_WRITE_FAILED`
 */
export async function loadCorpus(
  patterns: readonly string[],
  tokenizer: Tokenizer,
  options: LoadOptions = {}
): Promise<Corpus> {
  const { cacheFolder } = options
  if (cacheFolder === undefined || tokenizer.digest === undefined)
    return corpusOf(await tokenize(readDocuments(patterns, options), tokenizer, options))
  const { key, states } = await cacheKey(patterns, tokenizer, options)
  const file = join(cacheFolder, `${key}.tokens`)
  const kept = await readCache(file, key)
  if (kept) return corpusOf(kept.data, kept.digest)
  const data = await tokenize(readDocuments(patterns, options), tokenizer, options)
  // the key is of what the files were when it was made
  for (const [path, state] of states) checkUnchanged(path, state)
  return corpusOf(data, await writeCache(file, key, data))
}

/** sha256 of everything that the corpus depends on; files count by their names and contents, not by their times. */
async function cacheKey(
  patterns: readonly string[],
  tokenizer: Tokenizer,
  options: LoadOptions
): Promise<{ readonly key: string; readonly states: ReadonlyMap<string, FileState> }> {
  const {
    baseFolder = '.',
    textKey = 'text',
    format = 'text',
    conversations,
    minTokens = 1,
    addBos = tokenizer.addBos,
    addEos = tokenizer.addEos ?? false
  } = options
  const files: [string, string][] = []
  const states = new Map<string, FileState>()
  const buffer = Buffer.allocUnsafe(1 << 20)
  for (const file of await matchFiles(patterns, baseFolder)) {
    options.signal?.throwIfAborted()
    states.set(file, stateOf(file))
    files.push([sourceOf(file, baseFolder), await hashOf(file, buffer, options.signal)])
  }
  const key = createHash('sha256')
    .update(
      JSON.stringify([
        CACHE_VERSION,
        tokenizer.digest,
        textKey,
        minTokens,
        addBos,
        files,
        ...(addEos ? ['eos'] : []),
        ...(format === 'text' ? [] : [format]),
        ...(format === 'messages' && conversations ? [conversations.digest] : [])
      ])
    )
    .digest('hex')
  return { key, states }
}

/** SHA-256 of a file, read at once or into one buffer again and again. */
async function hashOf(file: string, buffer: Buffer, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  try {
    const small = readSmall(file)
    if (small) {
      await letEventsIn(signal)
      return hash.update(small).digest('hex')
    }
    const handle = await open(file)
    try {
      for (;;) {
        await letEventsIn(signal)
        const { bytesRead } = await handle.read(buffer)
        if (bytesRead === 0) return hash.digest('hex')
        hash.update(buffer.subarray(0, bytesRead))
      }
    } finally {
      await handle.close()
    }
  } catch (cause) {
    signal?.throwIfAborted()
    throw unreadable(file, cause)
  }
}
