import { parquetSchema, type FileMetaData, type SchemaTree } from 'hyparquet'

/** Columns of a record with messages. */
const COLUMNS = ['messages', 'tools', 'chat_template_kwargs']

/**
 * Columns that have floats somewhere: hyparquet gives these and 32-bit integers as numbers, and of one without a
 * fraction it cannot be told what it is.
 */
export function columnsWithFloats(metadata: FileMetaData): ReadonlySet<string> {
  const hasFloat = ({ element: { type }, children }: SchemaTree): boolean =>
    children.length > 0
      ? children.some(hasFloat)
      : type === 'FLOAT' || type === 'DOUBLE' || type === 'FIXED_LEN_BYTE_ARRAY'
  return new Set(
    parquetSchema(metadata)
      .children.filter(hasFloat)
      .map(({ element }) => element.name)
  )
}

/**
 * The JSON of the conversation in a row, with every digit of its integers.
 *
 * @throws Error for a number that cannot be told from another, and for what JSON has not
 */
export const conversationOfRow = (row: Readonly<Record<string, unknown>>, floats: ReadonlySet<string>): string =>
  `{${COLUMNS.filter(name => Object.hasOwn(row, name))
    .map(name => `${JSON.stringify(name)}: ${jsonOf(row[name], floats.has(name))}`)
    .join(', ')}}`

function jsonOf(value: unknown, hasFloats: boolean): string {
  if (value === undefined || value === null) return 'null'
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') {
    if (hasFloats && Number.isInteger(value))
      throw new Error(`the number ${value} can be an integer or a float: write the records as JSON lines`)
    return JSON.stringify(value)
  }
  if (typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((item: unknown) => jsonOf(item, hasFloats)).join(', ')}]`
  if (typeof value !== 'object' || value instanceof Date || ArrayBuffer.isView(value)) {
    throw new Error('there is a value that JSON has not: write the records as JSON lines')
  }
  return `{${Object.entries(value)
    .map(([key, item]) => `${JSON.stringify(key)}: ${jsonOf(item, hasFloats)}`)
    .join(', ')}}`
}
