import { stat } from 'node:fs/promises'
import { invalidFile, readLines, readText, readWholeText } from './lines.js'
import { kindOf } from './file-names.js'
import { arrayElements, firstCharacter } from './json-array.js'
import { parseLine } from './json-line.js'
import { readParquet } from './parquet.js'

/** How JSON begins, and hardly a text: a bracket, and then a string, a number, a word of JSON or another bracket. */
const BEGINS_AS_JSON = /^\s*[[{]\s*(?:["[\]{}]|-?\d|true\b|false\b|null\b)/

/**
 * A file that would be learned as a text, braces and all, though it is JSON: one whose first line is a whole JSON
 * object, or, of an ending that is not one of texts, one that begins like JSON.
 *
 * @param first how the text begins, more than its first line where that is short
 * @throws SkipwiseError `DATA_FILE_INVALID`
 */
function refuseJson(file: string, first: string, isTextByName: boolean): void {
  if (/^\s*\{/.test(first) && isObject(first.trimStart().split('\n', 1)[0])) {
    throw invalidFile(file, 'contains JSON lines', 'rename it to .jsonl, so that its records are read and not its JSON')
  }
  if (!isTextByName && BEGINS_AS_JSON.test(first)) {
    throw invalidFile(
      file,
      'begins like JSON',
      'rename it to .jsonl (one object per line) or .json (one array) to read its records, or to .txt to read it as text'
    )
  }
}

function isObject(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null
  } catch {
    return false
  }
}

/** A record and where it stands. */
interface FileRecord {
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
    throw invalidFile(file, 'has an unsupported format', fix)
  } else if (column === undefined) {
    const fix = 'use .jsonl, .json or .parquet files, or remove the format'
    throw invalidFile(file, 'is plain text, and only records have a prompt and a completion, or messages', fix)
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
      'is JSON, but does not contain records',
      'write one JSON object per line, or one array of objects'
    )
}
