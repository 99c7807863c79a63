import { SkipwiseError } from '@skipwise/core'
import { damaged } from './pickle.js'

/** Reads `length` bytes of a file at a position. */
export type ReadAt = (position: number, length: number) => Promise<Uint8Array>

/** Where an entry's bytes are in the file. */
export interface ZipEntry {
  readonly byteLength: number
  /** Checks the entry's own header and returns where its bytes begin. */
  readonly start: () => Promise<number>
}

const END = 0x06054b50
const END64 = 0x06064b50
const LOCATOR64 = 0x07064b50
const CENTRAL = 0x02014b50
const LOCAL = 0x04034b50
const END_BYTES = 22
const END64_BYTES = 56
const LOCATOR64_BYTES = 20
const CENTRAL_BYTES = 46
const LOCAL_BYTES = 30
const MAX_COMMENT = 0xffff

/** The longest directory accepted, in bytes; an entry takes about 100. */
const MAX_DIRECTORY_BYTES = 0x2000000

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/**
 * Reads the directory of a zip archive whose entries are stored, not compressed: torch writes no others, and so no
 * entry can be larger than the file says. PKWARE APPNOTE 6.3.10, with Zip64.
 *
 * @returns the entries by name
 * @throws SkipwiseError `CHECKPOINT_HEADER_INVALID`, `CHECKPOINT_TRUNCATED`, `CHECKPOINT_FORMAT_UNSUPPORTED`
 * (compressed or encrypted)
 */
export async function readStoredZip(
  read: ReadAt,
  fileBytes: number,
  file: string
): Promise<ReadonlyMap<string, ZipEntry>> {
  const { start, length, entries } = await findDirectory(read, fileBytes, file)
  const directory = await read(start, length)
  const view = viewOf(directory)
  const byName = new Map<string, ZipEntry>()
  let at = 0
  for (let i = 0; i < entries; i++) {
    if (at + CENTRAL_BYTES > length || view.getUint32(at, true) !== CENTRAL)
      throw damaged(file, 'its zip directory has fewer entries than it claims')
    const nameBytes = view.getUint16(at + 28, true)
    const extraBytes = view.getUint16(at + 30, true)
    const next = at + CENTRAL_BYTES + nameBytes + extraBytes + view.getUint16(at + 32, true)
    if (next > length) throw damaged(file, 'an entry of its zip directory is cut off')
    const name = new TextDecoder('utf-8', { ignoreBOM: true }).decode(
      directory.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameBytes)
    )
    const extra = directory.subarray(at + CENTRAL_BYTES + nameBytes, at + CENTRAL_BYTES + nameBytes + extraBytes)
    const sizes = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)] as const
    const [size, stored, header] = withZip64(sizes, extra, file)
    if (view.getUint16(at + 10, true) !== 0 || view.getUint16(at + 8, true) & 1) {
      throw new SkipwiseError('CHECKPOINT_FORMAT_UNSUPPORTED', {
        problem: `${file}: '${name}' is compressed or encrypted, which torch.save never does`,
        fix: 'load it in Python and save it again with torch.save'
      })
    }
    if (size !== stored || header + LOCAL_BYTES + size > start)
      throw damaged(file, `'${name}' extends beyond the archive`)
    if (byName.has(name)) throw damaged(file, `its zip directory has '${name}' twice`)
    byName.set(name, { byteLength: size, start: () => startOf(read, header, size, start, `${file}: '${name}'`) })
    at = next
  }
  return byName
}

/** An entry's bytes begin after its own header, whose name and padding may be longer than in the directory. */
async function startOf(
  read: ReadAt,
  header: number,
  size: number,
  directoryStart: number,
  where: string
): Promise<number> {
  const view = viewOf(await read(header, LOCAL_BYTES))
  const start = header + LOCAL_BYTES + view.getUint16(26, true) + view.getUint16(28, true)
  if (view.getUint32(0, true) !== LOCAL || start + size > directoryStart)
    throw damaged(where, 'it is not where the zip directory says')
  return start
}

async function findDirectory(
  read: ReadAt,
  fileBytes: number,
  file: string
): Promise<{ start: number; length: number; entries: number }> {
  const tailBytes = Math.min(fileBytes, END_BYTES + MAX_COMMENT)
  const tail = await read(fileBytes - tailBytes, tailBytes)
  const view = viewOf(tail)
  // The last signature whose comment ends at the end of the file.
  let at = tailBytes - END_BYTES
  while (at >= 0 && !(view.getUint32(at, true) === END && at + END_BYTES + view.getUint16(at + 20, true) === tailBytes))
    at--
  if (at < 0) {
    throw new SkipwiseError('CHECKPOINT_TRUNCATED', {
      problem: `${file} has no zip directory at its end`,
      fix: 'the copy or the download is incomplete: download the file again'
    })
  }
  let entries = view.getUint16(at + 10, true)
  let length = view.getUint32(at + 12, true)
  let start = view.getUint32(at + 16, true)
  let end = fileBytes - tailBytes + at
  const locator = end >= LOCATOR64_BYTES ? viewOf(await read(end - LOCATOR64_BYTES, LOCATOR64_BYTES)) : undefined
  if (locator?.getUint32(0, true) === LOCATOR64) {
    const position = natural(locator.getBigUint64(8, true), file)
    if (position + END64_BYTES > end) throw damaged(file, 'its zip directory is not where it says')
    const record = viewOf(await read(position, END64_BYTES))
    if (record.getUint32(0, true) !== END64) throw damaged(file, 'its zip directory is not where it says')
    entries = natural(record.getBigUint64(32, true), file)
    length = natural(record.getBigUint64(40, true), file)
    start = natural(record.getBigUint64(48, true), file)
    end = position
  }
  if (start + length > end || length > MAX_DIRECTORY_BYTES || entries * CENTRAL_BYTES > length)
    throw damaged(file, 'its zip directory is not where it says')
  return { start, length, entries }
}

/** Sizes and the header's position, each from the Zip64 field where it did not fit in 32 bits. */
function withZip64(
  values: readonly [number, number, number],
  extra: Uint8Array,
  file: string
): readonly [number, number, number] {
  if (values.every(value => value !== 0xffffffff)) return values
  const view = viewOf(extra)
  for (let at = 0; at + 4 <= extra.length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue
    let next = at + 4
    const end = next + view.getUint16(at + 2, true)
    const [size, stored, header] = values.map(value => {
      if (value !== 0xffffffff) return value
      if (next + 8 > Math.min(end, extra.length)) throw damaged(file, 'a size of its zip directory is missing')
      next += 8
      return natural(view.getBigUint64(next - 8, true), file)
    })
    return [size, stored, header]
  }
  throw damaged(file, 'a size of its zip directory is missing')
}

function natural(value: bigint, file: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw damaged(file, 'its zip directory contains a number that is too large')
  return Number(value)
}
