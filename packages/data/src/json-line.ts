import { SkipwiseError } from '@skipwise/core'

/** `DATA_LINE_INVALID`, saying what is wrong where. */
export const invalidLine = (where: string, problem: string, fix: string, cause?: unknown) =>
  new SkipwiseError('DATA_LINE_INVALID', { problem: `${where}: ${problem}`, fix, cause })

/** What is said of a record that lacks a key. */
export const lacksKey = (record: Readonly<Record<string, unknown>>, key: string): string =>
  `there is no key '${key}', only ${Object.keys(record).slice(0, 8).join(', ') || 'none'}`

/** The JSON object of a line, or of what else holds one. @throws SkipwiseError `DATA_LINE_INVALID` */
export function parseLine(line: string, where: string, what = 'line'): Record<string, unknown> {
  let record: unknown
  try {
    record = JSON.parse(line)
  } catch (cause) {
    throw invalidLine(
      where,
      `the ${what} is not valid JSON (${(cause as Error).message})`,
      `correct or remove the ${what}`,
      cause
    )
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    throw invalidLine(where, `the ${what} is not a JSON object`, 'write {"text": "…"}')
  return record as Record<string, unknown>
}
