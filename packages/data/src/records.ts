import { sourceOf } from './documents.js'
import { matchFiles } from './glob.js'
import { parseLine } from './json-line.js'
import { invalidFile, readLines } from './lines.js'
import { readParquet } from './parquet.js'

/** A row of a data set and where it came from. */
export interface DataRecord {
  readonly record: Readonly<Record<string, unknown>>
  /** Path relative to the base folder, with `:line`, or `:row` from 1. */
  readonly source: string
}

/** How records are read. */
export interface ReadRecordsOptions {
  /** What patterns are relative to; default the current folder. */
  readonly baseFolder?: string
  readonly signal?: AbortSignal
}

/**
 * Reads the records of files in order of their paths: of `.jsonl` and `.ndjson`, also as `.gz` or `.zst`, one JSON object a line (blank lines are left
 * out); of `.parquet` its rows.
 *
 * @param patterns see {@link matchFiles}
 * @throws SkipwiseError `DATA_NO_FILES`, `DATA_FILE_INVALID`, `DATA_LINE_INVALID`; the signal's reason when aborted
 */
export async function* readRecords(patterns: readonly string[], { baseFolder = '.', signal }: ReadRecordsOptions = {}): AsyncGenerator<DataRecord> {
  for (const file of await matchFiles(patterns, baseFolder)) {
    const source = sourceOf(file, baseFolder)
    for await (const [record, number] of recordsOf(file)) {
      signal?.throwIfAborted()
      yield { record, source: `${source}:${number}` }
    }
  }
}

async function* recordsOf(file: string): AsyncGenerator<[record: Record<string, unknown>, number: number]> {
  if (/\.(jsonl|ndjson)(\.(gz|zst))?$/.test(file)) {
    for await (const [line, number] of readLines(file, () => undefined)) if (line.trim() !== '') yield [parseLine(line, `${file}:${number}`), number]
  } else if (file.endsWith('.parquet')) {
    let number = 1
    for await (const record of readParquet(file)) yield [record, number++]
  } else throw invalidFile(file, 'is not a file of records', 'name .jsonl files, plain or as .gz or .zst, or .parquet')
}
