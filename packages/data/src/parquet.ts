import { SkipwiseError } from '@skipwise/core'
import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { open, type FileHandle } from 'node:fs/promises'
import { invalidFile } from './lines.js'

/** Largest footer that is read (64 MB), and most rows of a group: a file that claims more is refused before memory is taken for it. */
const MAX_FOOTER = 2 ** 26
const MAX_GROUP_BYTES = 2 ** 31

/**
 * The rows of a Parquet file, one row group in memory at a time; int64 values that fit become numbers.
 *
 * @throws SkipwiseError `DATA_FILE_INVALID`
 */
export async function* readParquet(path: string, column?: string): AsyncGenerator<Record<string, unknown>> {
  const handle = await open(path).catch((cause: NodeJS.ErrnoException) => {
    throw invalidFile(path, `cannot be read (${cause.code})`, 'check the file and its permissions', cause)
  })
  try {
    const file = await openBuffer(handle, path)
    const metadata = await parquetMetadataAsync(file)
    // A column that is not there: rows with all keys, so that the message can name them.
    const columns = column !== undefined && metadata.schema.some(({ name }) => name === column) ? [column] : undefined
    let rowStart = 0
    for (const { num_rows, total_byte_size } of metadata.row_groups) {
      if (total_byte_size > MAX_GROUP_BYTES) throw invalidFile(path, `has a row group of ${total_byte_size} bytes`, 'write it again with smaller row groups')
      const rowEnd = rowStart + Number(num_rows)
      for (const row of await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd, ...(columns && { columns }) })) yield plain(row) as Record<string, unknown>
      rowStart = rowEnd
    }
  } catch (cause) {
    if (cause instanceof SkipwiseError) throw cause
    throw invalidFile(path, `is not a Parquet file that can be read (${(cause as Error).message})`, 'get the file again', cause)
  } finally {
    await handle.close()
  }
}

/** Reads of a file within its size. */
async function openBuffer(handle: FileHandle, path: string) {
  const { size } = await handle.stat(), tail = Buffer.alloc(8)
  if (size < 12) throw invalidFile(path, `has ${size} bytes, fewer than any Parquet file`, 'get the file again')
  await handle.read(tail, 0, 8, size - 8)
  const footer = tail.readUInt32LE(0)
  if (tail.toString('latin1', 4) !== 'PAR1' || footer > size - 12 || footer > MAX_FOOTER) throw invalidFile(path, 'has no valid Parquet footer', 'get the file again')
  return {
    byteLength: size,
    async slice(start: number, end = size): Promise<ArrayBuffer> {
      if (!(start >= 0 && start <= end && end <= size)) throw new RangeError(`bytes ${start} to ${end} are not in the file`)
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
}

/** Values as JSON has them. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === 'object' && value !== null && !(value instanceof Date) && !ArrayBuffer.isView(value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]))
  return value
}
