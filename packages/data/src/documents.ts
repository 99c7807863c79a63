import type { ProgressListener } from '@skipwise/core'
import { stat } from 'node:fs/promises'
import { relative, sep } from 'node:path'
import { matchFiles } from './glob.js'
import { invalidLine, parseLine } from './json-line.js'
import { invalidFile, readLines, readWholeText } from './lines.js'
import { readParquet } from './parquet.js'

/** A text and where it came from. */
export interface TextDocument {
  readonly text: string
  /** What `text` begins with and nothing is learned of, of a record with a prompt. */
  readonly prompt?: string
  /** Path relative to the base folder, for JSONL with `:line`, for Parquet with `:row`. */
  readonly source: string
}

/** What records are made of. */
export type DocumentFormat = 'text' | 'prompt-completion'

/** How documents are read. */
export interface ReadOptions {
  /** What patterns are relative to; default the current folder. */
  readonly baseFolder?: string
  /** Key of the text in JSONL, column in Parquet; default `'text'`. */
  readonly textKey?: string
  /** `text`, the default, or `prompt-completion`: records whose keys `prompt` and `completion` are one text, of which the second is learned. */
  readonly format?: DocumentFormat
  /** Hears of the bytes read, out of the sizes of all files. */
  readonly progress?: ProgressListener
  readonly signal?: AbortSignal
}

/**
 * Reads the documents of files, in order of their paths: of `.jsonl` and `.ndjson` one a line (blank lines are left out), of any other text
 * file the whole; each also as `.gz` or `.zst`; of `.parquet` one a row. One document at a time is in memory. Empty texts are documents too.
 *
 * @param patterns see {@link matchFiles}
 * @example
 * ```ts
 * for await (const { text, source } of readDocuments(['corpus/*.jsonl.gz'])) console.log(source, text.length)
 * ```
 *
 * @throws SkipwiseError `DATA_NO_FILES`, `DATA_FILE_INVALID`, `DATA_LINE_INVALID`; the signal's reason when aborted
 */
export async function* readDocuments(patterns: readonly string[], options: ReadOptions = {}): AsyncGenerator<TextDocument> {
  const { baseFolder = '.', textKey = 'text', format = 'text', progress, signal } = options
  const parse: Parse = format === 'text' ? (record, where) => ({ text: textIn(record, textKey, where, 'name the key of the text (textKey)') }) : promptAndCompletion
  const files = await matchFiles(patterns, baseFolder)
  let done = 0, total = 0
  for (const file of files) total += (await stat(file)).size
  const onBytes = (bytes: number) => {
    done += bytes
    // A file may have grown since it was measured.
    progress?.({ task: 'read documents', done, total: Math.max(done, total), unit: 'bytes' })
  }
  for (const file of files) {
    const source = sourceOf(file, baseFolder)
    for await (const document of documentsOf(file, source, { parse, ...(format === 'text' && { column: textKey }) }, onBytes)) {
      signal?.throwIfAborted()
      yield document
    }
  }
}

/** The path that messages and corpora show: the same on every machine. */
export const sourceOf = (file: string, baseFolder: string) => relative(baseFolder, file).split(sep).join('/')

type Parse = (record: Readonly<Record<string, unknown>>, where: string) => Omit<TextDocument, 'source'>

async function* documentsOf(file: string, source: string, { parse, column }: { readonly parse: Parse; readonly column?: string }, onBytes: (bytes: number) => void): AsyncGenerator<TextDocument> {
  const name = file.replace(/\.(gz|zst)$/, '')
  if (file.endsWith('.parquet')) {
    let row = 1
    for await (const record of readParquet(file, column)) yield { ...parse(record, `${file}:${row}`), source: `${source}:${row++}` }
    onBytes((await stat(file)).size)
    return
  }
  if (/\.(parquet|arrow|zip|tar|tgz|bz2|xz|7z|bin|safetensors|pdf)$/i.test(name)) {
    throw invalidFile(file, 'is of a format that is not read', 'convert it to .txt, .jsonl or .parquet, the first two also as .gz or .zst')
  }
  if (!/\.(jsonl|ndjson)$/.test(name)) {
    if (column === undefined) throw invalidFile(file, 'has no records with a prompt and a completion', 'name .jsonl or .parquet files, or leave out the format')
    yield { text: await readWholeText(file, onBytes), source }
    return
  }
  for await (const [line, number] of readLines(file, onBytes)) {
    if (line.trim() !== '') yield { ...parse(parseLine(line, `${file}:${number}`), `${file}:${number}`), source: `${source}:${number}` }
  }
}

function promptAndCompletion(record: Readonly<Record<string, unknown>>, where: string): Omit<TextDocument, 'source'> {
  const fix = 'write {"prompt": "…", "completion": "…"}, or leave out the format', prompt = textIn(record, 'prompt', where, fix), completion = textIn(record, 'completion', where, fix)
  if (completion === '') throw invalidLine(where, "the value of 'completion' is empty: nothing could be learned of it", 'leave out the record')
  return { text: prompt + completion, prompt }
}

function textIn(record: Readonly<Record<string, unknown>>, key: string, where: string, fix: string): string {
  const text = Object.hasOwn(record, key) ? record[key] : undefined
  if (typeof text === 'string') return text
  throw invalidLine(where, text === undefined ? `there is no key '${key}', only ${Object.keys(record).slice(0, 8).join(', ') || 'none'}` : `the value of '${key}' is not a string`, fix)
}
