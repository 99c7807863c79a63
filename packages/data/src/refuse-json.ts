import { invalidFile } from './lines.js'

/** How JSON begins, and hardly a text: a bracket, and then a string, a number, a word of JSON or another bracket. */
const BEGINS_AS_JSON = /^\s*[[{]\s*(?:["[\]{}]|-?\d|true\b|false\b|null\b)/

/**
 * A file that would be learned as a text, braces and all, though it is JSON: one whose first line is a whole JSON
 * object, or, of an ending that is not one of texts, one that begins as JSON does.
 *
 * @param first how the text begins, more than its first line where that is short
 * @throws SkipwiseError `DATA_FILE_INVALID`
 */
export function refuseJson(file: string, first: string, isTextByName: boolean): void {
  if (/^\s*\{/.test(first) && isObject(first.trimStart().split('\n', 1)[0])) {
    throw invalidFile(file, 'holds JSON lines', 'name it .jsonl, so that its records are read and not its braces')
  }
  if (!isTextByName && BEGINS_AS_JSON.test(first)) {
    throw invalidFile(
      file,
      'begins as JSON does',
      'name it .jsonl (one object a line) or .json (one array) for its records, or .txt for a text that only looks so'
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
