import { letEventsIn, SkipwiseError, type ProgressListener } from '@skipwise/core'
import { relative, sep } from 'node:path'
import {
  conversationOf,
  renderConversations,
  type ConversationRenderer,
  type ConversationText
} from './conversations.js'
import { checkUnchanged, stateOf, type FileState } from './file-state.js'
import { matchFiles } from './glob.js'
import { invalidLine, lacksKey } from './json-line.js'
import { recordsOf } from './record-files.js'

/** A text and where it came from. */
export interface TextDocument {
  readonly text: string
  /** What `text` begins with and nothing is learned of, of a record with a prompt. */
  readonly prompt?: string
  /**
   * Of a conversation: characters of `text` that are learned, [start, end) each, rising. Such a text spells its special
   * tokens itself: it gets neither BOS nor EOS.
   */
  readonly learned?: ConversationText['learned']
  /**
   * Path relative to the base folder, for JSON with `:line` or the place in an array, for Parquet with `:row`; of one
   * answer of a conversation with `#answer`.
   */
  readonly source: string
}

/** What records are made of. */
export type DocumentFormat = 'text' | 'prompt-completion' | 'messages'

/** How documents are read. */
export interface ReadOptions {
  /** What patterns are relative to; default the current folder. */
  readonly baseFolder?: string | undefined
  /** Key of the text in JSONL, column in Parquet; default `'text'`. */
  readonly textKey?: string | undefined
  /**
   * `text`, the default, or `prompt-completion`: records whose keys `prompt` and `completion` are one text, of which
   * the second is learned; or `messages`: records whose key `messages` is a list of `{ role, content }`, of which what
   * the assistant says is learned.
   */
  readonly format?: DocumentFormat | undefined
  /** What makes texts of `messages`. */
  readonly conversations?: ConversationRenderer | undefined
  /** Hears of the bytes read, out of the sizes of all files. */
  readonly progress?: ProgressListener | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads the documents of files, in order of their paths: of `.jsonl`, `.ndjson` and `.json` one a line (blank lines are
 * left out), of `.json` also one an element of an array, of any other text file the whole; each also as `.gz` or
 * `.zst`; of `.parquet` one a row. Letter case of endings does not matter. One document at a time is in memory. Empty
 * texts are documents too. A text that is JSON under another ending is refused.
 *
 * @param patterns see {@link matchFiles}
 * @example
 * ```ts
 * for await (const { text, source } of readDocuments(['corpus/*.jsonl.gz'])) console.log(source, text.length)
 * ```
 *
 * @throws SkipwiseError `DATA_NO_FILES`, `DATA_FILE_INVALID`, `DATA_LINE_INVALID`, `DATA_NO_TEMPLATE`, and what
 * rendering throws; the signal's reason when aborted
 */
export async function* readDocuments(
  patterns: readonly string[],
  options: ReadOptions = {}
): AsyncGenerator<TextDocument> {
  const { textKey = 'text', format = 'text', conversations } = options
  if (format === 'text') {
    yield* parsedRecords(
      patterns,
      options,
      (record, where, source) => ({
        text: textIn(record, textKey, where, 'set textKey to the key of the text'),
        source
      }),
      textKey
    )
  } else if (format === 'prompt-completion') {
    yield* parsedRecords(patterns, options, promptAndCompletion)
  } else {
    if (!conversations)
      throw new SkipwiseError('DATA_NO_TEMPLATE', {
        problem: 'messages need a chat template, and none is given',
        fix: 'pass one as conversations: loadChatTemplate of @skipwise/tokenizers reads it'
      })
    yield* renderConversations(
      parsedRecords(patterns, options, (record, where, source, json) => ({
        json: conversationOf(record, where, json),
        where,
        source
      })),
      conversations
    )
  }
}

/**
 * What `parse` makes of every record of the files, in order; of whole text files, which have no records, where a
 * `column` of text is asked for.
 */
async function* parsedRecords<Item>(
  patterns: readonly string[],
  { baseFolder = '.', progress, signal }: ReadOptions,
  parse: Parse<Item>,
  column?: string
): AsyncGenerator<Item> {
  const files = await matchFiles(patterns, baseFolder)
  let done = 0
  let total = 0
  const states: FileState[] = []
  for (const file of files) {
    await letEventsIn(signal)
    const state = stateOf(file)
    states.push(state)
    total += state.size
  }
  const onBytes = (bytes: number) => {
    done += bytes
    // a file may grow before that is seen
    progress?.({ task: 'read documents', done, total: Math.max(done, total), unit: 'bytes' })
  }
  for (const [i, file] of files.entries()) {
    const source = sourceOf(file, baseFolder)
    for await (const { record, json, number } of recordsOf(file, column, onBytes)) {
      await letEventsIn(signal)
      const at = number === undefined ? '' : `:${number}`
      yield parse(record, `${file}${at}`, `${source}${at}`, json)
    }
    checkUnchanged(file, states[i])
  }
}

/** The path that messages and corpora show: the same on every machine. */
export const sourceOf = (file: string, baseFolder: string) => relative(baseFolder, file).split(sep).join('/')

type Parse<Item> = (
  record: Readonly<Record<string, unknown>>,
  where: string,
  source: string,
  json: (() => string) | undefined
) => Item

function promptAndCompletion(record: Readonly<Record<string, unknown>>, where: string, source: string): TextDocument {
  const fix = 'write {"prompt": "…", "completion": "…"}, or leave out the format'
  const prompt = textIn(record, 'prompt', where, fix)
  const completion = textIn(record, 'completion', where, fix)
  if (completion === '')
    throw invalidLine(where, "the value of 'completion' is empty, so there is nothing to learn", 'remove the record')
  return { text: prompt + completion, prompt, source }
}

function textIn(record: Readonly<Record<string, unknown>>, key: string, where: string, fix: string): string {
  const text = Object.hasOwn(record, key) ? record[key] : undefined
  if (typeof text === 'string') return text
  throw invalidLine(where, text === undefined ? lacksKey(record, key) : `the value of '${key}' is not a string`, fix)
}
