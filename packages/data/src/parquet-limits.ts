import type { RowGroup } from 'hyparquet'
import { readStruct, type ThriftStruct } from './thrift.js'

/** Bytes of a file, of which a Parquet reader asks for parts. */
export interface FileBytes {
  readonly byteLength: number
  slice(start: number, end?: number): Promise<ArrayBuffer>
}

/*
 * What a row group may claim, before memory is taken for it. Values that are null, or the same again and again, take
 * almost no bytes, so a file of 100 bytes can
 * claim 4 billion of them; writers put up to 2^20 rows into a group.
 */
const MAX_GROUP_BYTES = 2 ** 31
const MAX_VALUES = 2 ** 20
const VALUES_FOR_EACH_BYTE = 8
const MAX_PAGE_BYTES = 2 ** 28
const MIN_PAGE_BYTES = 2 ** 22
/** Deflate packs no tighter. */
const BYTES_FOR_EACH_BYTE = 1100

/** Of a page header that has long statistics, so many bytes are read at first and at most. */
const HEADER_BYTES = 1 << 14
const MAX_HEADER_BYTES = 1 << 22

/**
 * Looks at a row group and the headers of its pages. Values of a column: 2^20, and 8 for each of its bytes; a page
 * unpacked: 4 MiB, and 1100 bytes for each of its bytes, at most 256 MiB.
 *
 * @param columns names of the columns that are read; all without
 * @returns bytes of these columns in the file
 * @throws Error, saying what is too much
 */
export async function checkRowGroup(
  file: FileBytes,
  group: RowGroup,
  columns: readonly string[] | undefined
): Promise<number> {
  if (group.total_byte_size > MAX_GROUP_BYTES)
    throw new Error(`it claims ${group.total_byte_size} bytes: write it again with smaller row groups`)
  const chunks = group.columns.flatMap(({ meta_data }) => (meta_data ? [meta_data] : []))
  const read = chunks.filter(({ path_in_schema }) => columns === undefined || columns.includes(path_in_schema[0]))
  let bytes = 0
  let unpacked = 0
  for (const chunk of read) {
    const { dictionary_page_offset, data_page_offset, total_compressed_size } = chunk
    const start = Number(dictionary_page_offset || data_page_offset)
    const size = Number(total_compressed_size)
    if (!(start >= 4 && size >= 0 && start + size <= file.byteLength))
      throw new Error('a column lies outside of the file')
    bytes += size
    const most = MAX_VALUES + VALUES_FOR_EACH_BYTE * size
    if (!(group.num_rows >= 0 && group.num_rows <= most)) throw tooMany(group.num_rows, 'rows', most)
    unpacked += await checkPages(file, start, start + size, most)
    if (unpacked > MAX_GROUP_BYTES)
      throw new Error(`its pages claim ${unpacked} bytes: write it again with smaller row groups`)
  }
  return bytes
}

const tooMany = (count: number | bigint, what: string, most: number) =>
  new Error(`it claims ${count} ${what} where at most ${most} are read: write it again with smaller row groups`)

/** The bytes that the pages claim to unpack to. */
async function checkPages(file: FileBytes, start: number, end: number, most: number): Promise<number> {
  let values = 0
  let unpacked = 0
  for (let at = start; at < end - 1;) {
    const { struct, size } = await pageHeader(file, at, end)
    const packedBytes = numberOf(struct, 3)
    const pageBytes = numberOf(struct, 2)
    const allowed = Math.min(MAX_PAGE_BYTES, MIN_PAGE_BYTES + BYTES_FOR_EACH_BYTE * packedBytes)
    if (pageBytes > allowed) throw new Error(`a page claims ${pageBytes} bytes where at most ${allowed} are unpacked`)
    values += valuesOf(struct, Math.min(packedBytes, pageBytes))
    if (values > most) throw tooMany(values, 'values', most)
    unpacked += pageBytes
    at += size + packedBytes
  }
  return unpacked
}

async function pageHeader(
  file: FileBytes,
  at: number,
  end: number
): Promise<{ readonly struct: ThriftStruct; readonly size: number }> {
  for (let length = HEADER_BYTES; ; length *= 16) {
    const bytes = new Uint8Array(await file.slice(at, Math.min(end, at + length)))
    try {
      return readStruct(bytes)
    } catch (error) {
      if (!(error instanceof RangeError) || at + length >= end || length >= MAX_HEADER_BYTES) throw error
    }
  }
}

/** The kinds of page that have values: by the number of the kind, the field of its header in `PageHeader`. */
const HEADERS: Readonly<Record<number, number>> = { 0: 5, 2: 7, 3: 8 }

/**
 * The values that a page claims. Every number of its header has to be there: a reader that adds one that is missing to
 * its place in the page reads the same byte without end.
 *
 * @param bytes of the page, packed or unpacked, whichever are fewer
 */
function valuesOf(page: ThriftStruct, bytes: number): number {
  const field = HEADERS[numberOf(page, 1)]
  if (field === undefined) return 0
  const header = page.get(field)
  if (!(header instanceof Map)) throw damagedHeader()
  const values = numberOf(header, 1)
  const encoding = field === 8 ? 4 : 2
  numberOf(header, encoding)
  if (field !== 8) return values
  const nulls = numberOf(header, 2)
  numberOf(header, 3)
  const levels = numberOf(header, 5) + numberOf(header, 6)
  if (nulls > values || levels > bytes) throw damagedHeader()
  return values
}

const damagedHeader = () => new Error('a page header is damaged')

/** @throws Error for a number that is missing, or that a 32-bit integer does not hold */
function numberOf(struct: ThriftStruct, field: number): number {
  const value = struct.get(field)
  if (typeof value !== 'number' || !(value >= 0 && value < 2 ** 31)) throw damagedHeader()
  return value
}
