import { parquetMetadata, parquetReadObjects, parquetSchema, type FileMetaData, type SchemaTree } from 'hyparquet'
import { SkipwiseError, withoutUndefined } from '@skipwise/core'
import { compressors } from 'hyparquet-compressors'
import { open, type FileHandle } from 'node:fs/promises'
import { invalidFile } from './lines.js'
import { checkRowGroup, type FileBytes } from './parquet-limits.js'
import { readStruct } from './thrift.js'

/** Columns of a record with messages. */
const COLUMNS = ['messages', 'tools', 'chat_template_kwargs']

/**
 * Columns that have floats somewhere: hyparquet gives these and 32-bit integers as numbers, and a number without a
 * fraction may be either.
 */
function columnsWithFloats(metadata: FileMetaData): ReadonlySet<string> {
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
 * @throws Error for a number that may be an integer or a float, and for a value that JSON does not have
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
    throw new Error('there is a value that JSON does not have: write the records as JSON lines')
  }
  return `{${Object.entries(value)
    .map(([key, item]) => `${JSON.stringify(key)}: ${jsonOf(item, hasFloats)}`)
    .join(', ')}}`
}

/** Largest footer that is read: a file that claims more is refused before memory is taken for it. */
const MAX_FOOTER = 2 ** 24

/** A row, and the JSON of the conversation in it. */
interface ParquetRow {
  readonly record: Record<string, unknown>
  /** @throws Error for what has no JSON of its own */
  readonly conversation: () => string
}

/**
 * The rows of a Parquet file, one row group in memory at a time; int64 values that fit become numbers.
 *
 * @throws SkipwiseError `DATA_FILE_INVALID`
 */
export async function* readParquet(path: string, column?: string): AsyncGenerator<ParquetRow> {
  const handle = await open(path).catch((cause: NodeJS.ErrnoException) => {
    throw invalidFile(path, `cannot be read (${cause.code})`, 'check the file and its permissions', cause)
  })
  try {
    const { file, footer } = await openBuffer(handle, path)
    // what GeoParquet says of columns is nothing to a text, and its reader believes a negative number of children
    const metadata = parquetMetadata(await checkedFooter(file, footer), { geoparquet: false })
    // A column that is not there: rows with all keys, so that the message can name them.
    const columns = column !== undefined && metadata.schema.some(({ name }) => name === column) ? [column] : undefined
    const floats = columnsWithFloats(metadata)
    let rowStart = 0
    let bytes = 0
    for (const group of metadata.row_groups) {
      bytes += await checkRowGroup(file, group, columns).catch((cause: Error) => {
        throw invalidFile(
          `${path}:${rowStart + 1}`,
          `begins a row group that cannot be read: ${cause.message}`,
          'download the file again, or write it with smaller row groups',
          cause
        )
      })
      // the same pages again and again would be rows without end
      if (bytes > file.byteLength) throw new Error('row groups overlap')
      const rowEnd = rowStart + Number(group.num_rows)
      const rows = await parquetReadObjects(
        withoutUndefined({
          file,
          metadata,
          compressors,
          parsers,
          rowStart,
          rowEnd,
          columns
        })
      )
      for (const row of rows) {
        yield { record: plain(row) as Record<string, unknown>, conversation: () => conversationOfRow(row, floats) }
      }
      rowStart = rowEnd
    }
  } catch (cause) {
    if (cause instanceof SkipwiseError) throw cause
    throw invalidFile(
      path,
      `is not a Parquet file that can be read (${(cause as Error).message})`,
      'download the file again',
      cause
    )
  } finally {
    await handle.close()
  }
}

/** U+FEFF at the beginning of a text is part of the text: hyparquet's own decoder drops it. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const parsers = { stringFromBytes: (bytes: Uint8Array | undefined) => bytes && utf8.decode(bytes) }

/** The end of a file with its footer, in which every size has been looked at. */
async function checkedFooter(file: FileBytes, footer: number): Promise<ArrayBuffer> {
  const bytes = await file.slice(file.byteLength - 8 - footer)
  readStruct(new Uint8Array(bytes, 0, footer))
  return bytes
}

/** Reads of a file within its size, and the size of its footer. */
async function openBuffer(
  handle: FileHandle,
  path: string
): Promise<{ readonly file: FileBytes; readonly footer: number }> {
  const { size } = await handle.stat()
  const tail = Buffer.alloc(8)
  if (size < 12) throw invalidFile(path, `has ${size} bytes, fewer than any Parquet file`, 'download the file again')
  await handle.read(tail, 0, 8, size - 8)
  const footer = tail.readUInt32LE(0)
  if (tail.toString('latin1', 4) !== 'PAR1' || footer > size - 12 || footer > MAX_FOOTER)
    throw invalidFile(path, 'has no valid Parquet footer', 'download the file again')
  const file: FileBytes = {
    byteLength: size,
    async slice(start: number, end = size): Promise<ArrayBuffer> {
      if (!(start >= 0 && start <= end && end <= size))
        throw new RangeError(`bytes ${start} to ${end} are not in the file`)
      const bytes = new Uint8Array(end - start)
      let done = 0
      while (done < bytes.length) {
        const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done)
        if (bytesRead === 0) throw new RangeError('the file ended early')
        done += bytesRead
      }
      return bytes.buffer
    }
  }
  return { file, footer }
}

/** Values as JSON has them. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === 'object' && value !== null && !(value instanceof Date) && !ArrayBuffer.isView(value))
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]))
  return value
}
