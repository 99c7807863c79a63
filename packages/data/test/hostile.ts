/*
 * Files that lie about their sizes, byte by byte: no writer makes them.
 */

/** A zstd frame of one raw block, of a window or of one segment. */
export function zstdFrame(content: Uint8Array, window?: number, isSingle = false): Uint8Array {
  const header = Buffer.alloc(5)
  header.writeUInt32LE(0xfd2fb528)
  header[4] = isSingle ? 0xe0 : 0
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(window ?? content.length))
  const descriptor = Uint8Array.of((Math.log2(window ?? 1024) - 10) << 3)
  return Buffer.concat([header, isSingle ? size : descriptor, blockHeader(content.length, 0, true), content])
}

function blockHeader(size: number, type: number, isLast: boolean): Uint8Array {
  const value = (size << 3) | (type << 1) | Number(isLast)
  return Uint8Array.of(value & 255, (value >> 8) & 255, value >> 16)
}

const line = Buffer.from('{"text": "word"}\n')

/** Two zstd frames, of which the second asks for a window (a power of two), or to be one segment, of so many bytes. */
export const windowInSecondFrame = (window: number, isSingle = false): Uint8Array =>
  Buffer.concat([zstdFrame(line), zstdFrame(line, window, isSingle)])

/** A zstd frame of so many blocks that give nothing, in a window (a power of two). */
export function tinyBlocks(count: number, window = 2 ** 27): Uint8Array {
  const frame = zstdFrame(new Uint8Array(0), window)
  const blocks = Buffer.alloc(3 * count)
  return Buffer.concat([frame.subarray(0, 6), blocks, blockHeader(0, 0, true)])
}

/**
 * A Parquet file of some 120 bytes with a column `text` that has one page of so many nulls, in a group that claims
 * `rows`.
 */
export const nullPages = (nulls: number, rows = nulls): Uint8Array =>
  parquetFile(rows, nulls, pageV1(nulls, PLAIN, levels(2 * nulls, 0)))

/** A page of two values in which a run of one level claims 2³¹. */
export const longRun = (): Uint8Array => parquetFile(2, 2, pageV1(2, PLAIN, levels(2 * LARGEST, 0)))

/** A page of two values in which a run of packed indices, of no bits each, claims 2³¹. */
export const emptyRun = (): Uint8Array =>
  parquetFile(2, 2, pageV2(2, DICTIONARY, [...varint(4), 1], [0, ...varint(2 ** 29 - 1)]))

/** A page of two texts, of which the second claims 2 GiB of the first, which has one character. */
export const longPrefix = (): Uint8Array => {
  const prefixes = [128, 1, 4, 2, 0, ...varint(2 * LARGEST), 0, 0, 0, 0]
  const suffixes = [128, 1, 4, 2, 2, 0, 0, 0, 0, 0]
  return parquetFile(2, 2, pageV1(2, DELTA_STRINGS, [...levels(4, 1), ...prefixes, ...suffixes, 65, 66]))
}

/** A page whose header does not say how long its repetition levels are. */
export const missingSize = (): Uint8Array => {
  const counts = [integer(1, 2), integer(1, 0), integer(1, 2), integer(1, PLAIN), integer(1, 2)]
  const page = [...fields(integer(1, 3), integer(1, 2), integer(1, 2), [0x5c, ...fields(...counts)]), 0, 0]
  return parquetFile(2, 2, page)
}

/** A page of two texts whose lengths lie in blocks of minus one part, each of which ends where it begins. */
export const endlessBlocks = (): Uint8Array => {
  const lengths = [128, 1, ...varint(2 ** 32 - 1), 2, 0, 0, 0, 0]
  return parquetFile(2, 2, pageV1(2, DELTA_STRINGS, [...levels(4, 1), ...lengths]))
}

/** A column that has minus one child. */
export const negativeChildren = (): Uint8Array => parquetFile(2, 2, pageV1(2, PLAIN, levels(4, 0)), integer(1, -1))

const LARGEST = 2 ** 31 - 1
const PLAIN = 0
const DELTA_STRINGS = 7
const DICTIONARY = 8

/** A run of definition levels, after its size. */
const levels = (header: number, level: number): number[] => {
  const run = [...varint(header), level]
  return [run.length, 0, 0, 0, ...run]
}

const pageV1 = (values: number, encoding: number, body: readonly number[]): number[] => {
  const header = fields(integer(1, values), integer(1, encoding), integer(1, 3), integer(1, 3))
  return [...fields(integer(1, 0), integer(1, body.length), integer(1, body.length), [0x2c, ...header]), ...body]
}

const pageV2 = (values: number, encoding: number, runs: readonly number[], body: readonly number[]): number[] => {
  const counts = [integer(1, values), integer(1, 0), integer(1, values), integer(1, encoding)]
  const header = fields(...counts, integer(1, runs.length), integer(1, 0), [0x12])
  const size = runs.length + body.length
  return [...fields(integer(1, 3), integer(1, size), integer(1, size), [0x5c, ...header]), ...runs, ...body]
}

/** A file of one column `text` of optional strings, that has one page. */
function parquetFile(
  rows: number,
  values: number,
  chunk: readonly number[],
  children: readonly number[] = []
): Uint8Array {
  const schema = [
    ...list(2, 12),
    ...fields(text(4, 'schema'), integer(1, 1)),
    ...fields(integer(1, 6), integer(2, 1), text(1, 'text'), children, integer(children.length ? 1 : 2, 0))
  ]
  const column = fields(
    integer(1, 6),
    [0x19, ...list(1, 5), 0],
    [0x19, ...list(1, 8), ...string('text')],
    integer(1, 0),
    long(1, values),
    long(1, 100),
    long(1, chunk.length),
    long(2, 4)
  )
  const group = fields([0x19, ...list(1, 12), ...fields(long(2, 4), [0x1c, ...column])], long(1, 100), long(1, rows))
  const footer = fields(integer(1, 1), [0x19, ...schema], long(1, rows), [0x19, ...list(1, 12), ...group])
  const size = Buffer.alloc(4)
  size.writeUInt32LE(footer.length)
  return Buffer.concat([Buffer.from('PAR1'), Uint8Array.from([...chunk, ...footer]), size, Buffer.from('PAR1')])
}

/* Thrift's compact protocol: a field is the step from the one before and its type in a byte, then the value. */
const fields = (...parts: readonly (readonly number[])[]): number[] => [...parts.flat(), 0]
const integer = (step: number, value: number): number[] => [
  (step << 4) | 5,
  ...varint(value < 0 ? -2 * value - 1 : 2 * value)
]
const long = (step: number, value: number): number[] => [(step << 4) | 6, ...varint(2 * value)]
const text = (step: number, value: string): number[] => [(step << 4) | 8, ...string(value)]
const list = (items: number, type: number): number[] => [(items << 4) | type]
const string = (value: string): number[] => [value.length, ...Buffer.from(value)]

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))]
}
