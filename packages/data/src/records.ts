import { sourceOf } from './documents.js'
import { matchFiles } from './glob.js'
import { kindOf } from './file-names.js'
import { invalidFile } from './lines.js'
import { recordsOf } from './record-files.js'

/** A row of a data set and where it came from. */
export interface DataRecord {
  readonly record: Readonly<Record<string, unknown>>
  /** Path relative to the base folder, with `:line`, or `:row` from 1. */
  readonly source: string
}

/** How records are read. */
export interface ReadRecordsOptions {
  /** What patterns are relative to; default the current folder. */
  readonly baseFolder?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads the records of files in order of their paths: of `.jsonl`, `.ndjson` and `.json` one JSON object a line (blank
 * lines are left out), of `.json` also the elements of an array, each also as `.gz` or `.zst`; of `.parquet` its rows.
 * Letter case of endings does not matter.
 *
 * @param patterns see {@link matchFiles}
 * @throws SkipwiseError `DATA_NO_FILES`, `DATA_FILE_INVALID`, `DATA_LINE_INVALID`; the signal's reason when aborted
 */
export async function* readRecords(
  patterns: readonly string[],
  { baseFolder = '.', signal }: ReadRecordsOptions = {}
): AsyncGenerator<DataRecord> {
  for (const file of await matchFiles(patterns, baseFolder)) {
    const source = sourceOf(file, baseFolder)
    if (!['lines', 'json', 'parquet'].includes(kindOf(file)))
      throw invalidFile(
        file,
        'is not a file of records',
        'use .jsonl or .json files, plain or as .gz or .zst, or .parquet'
      )
    for await (const { record, number } of recordsOf(file, undefined)) {
      signal?.throwIfAborted()
      yield { record, source: `${source}:${number}` }
    }
  }
}
