import { stat } from 'node:fs/promises'
import { kindOf } from './file-names.js'
import { arrayElements, firstCharacter } from './json-array.js'
import { parseLine } from './json-line.js'
import { invalidFile, readLines, readText, readWholeText } from './lines.js'
import { readParquet } from './parquet.js'
import { refuseJson } from './refuse-json.js'

/** A record and where it stands. */
export interface FileRecord {
  readonly record: Readonly<Record<string, unknown>>
  /**
   * Its JSON as the file has it: numbers as they are spelled, keys in their order. @throws Error where it has none of
   * its own
   */
  readonly json?: () => string
  /** Line, row, or place in an array, from 1; undefined for a whole text. */
  readonly number?: number
}

/**
 * The records of a file: of `.jsonl` and `.ndjson` one a line, blank lines left out; of `.json` the same, or the
 * elements of one array; of `.parquet` the rows. A whole text file is one
 * record with its text as `column`.
 *
 * @throws SkipwiseError `DATA_FILE_INVALID`, `DATA_LINE_INVALID`
 */
export async function* recordsOf(
  file: string,
  column: string | undefined,
  onBytes: (bytes: number) => void = () => undefined
): AsyncGenerator<FileRecord> {
  const kind = kindOf(file)
  if (kind === 'parquet') {
    let number = 1
    for await (const { record, conversation } of readParquet(file, column))
      yield { record, json: conversation, number: number++ }
    onBytes((await stat(file)).size)
  } else if (kind === 'lines') yield* recordsOfLines(file, onBytes)
  else if (kind === 'json') yield* recordsOfJson(file, onBytes)
  else if (kind === 'unread') {
    const fix = 'convert it to .txt, .jsonl or .parquet, the first two also as .gz or .zst'
    throw invalidFile(file, 'is of a format that is not read', fix)
  } else if (column === undefined) {
    const fix = 'name .jsonl, .json or .parquet files, or leave out the format'
    throw invalidFile(file, 'is a text without records, which have a prompt and a completion, or messages', fix)
  } else {
    yield {
      record: { [column]: await readWholeText(file, onBytes, first => refuseJson(file, first, kind === 'text')) }
    }
  }
}

async function* recordsOfLines(file: string, onBytes: (bytes: number) => void): AsyncGenerator<FileRecord> {
  for await (const [line, number] of readLines(file, onBytes)) {
    if (line.trim() !== '') yield { record: parseLine(line, `${file}:${number}`), json: () => line, number }
  }
}

async function* recordsOfJson(file: string, onBytes: (bytes: number) => void): AsyncGenerator<FileRecord> {
  const first = await firstCharacter(readText(file, () => undefined))
  if (first === '[') {
    for await (const [json, number] of arrayElements(file, readText(file, onBytes))) {
      yield { record: parseLine(json, `${file}:${number}`, 'record'), json: () => json, number }
    }
  } else if (first === '{' || first === undefined) yield* recordsOfLines(file, onBytes)
  else
    throw invalidFile(
      file,
      'is JSON of something else than records',
      'write one JSON object a line, or one array of objects'
    )
}
