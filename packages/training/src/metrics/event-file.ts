import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), a table of one byte. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
  return value
})

/** CRC-32C of some bytes. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = table[(crc ^ byte) & 0xff] ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

/** The masked checksum of TFRecord: a checksum of data that hold checksums would else be weak. */
function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

/** Scalars of a step, by tag. */
export interface ScalarEvent {
  /** Seconds since 1970. */
  readonly wallTime: number
  readonly step: number
  readonly scalars: Readonly<Record<string, number>>
}

/** The record that an event file of TensorBoard begins with. */
export const eventFileHeader = (wallTime: number): Uint8Array =>
  record(
    new BinaryWriter()
      .tag(1, WireType.Bit64)
      .double(wallTime)
      .tag(3, WireType.LengthDelimited)
      .string('brain.Event:2')
      .finish()
  )

/** An `Event` with a `Summary` of scalars (tensorflow/core/util/event.proto, framework/summary.proto), as a record. */
export function encodeScalars({ wallTime, step, scalars }: ScalarEvent): Uint8Array {
  const event = new BinaryWriter().tag(1, WireType.Bit64).double(wallTime).tag(2, WireType.Varint).int64(step)
  event.tag(5, WireType.LengthDelimited).fork()
  for (const [tag, value] of Object.entries(scalars)) {
    event
      .tag(1, WireType.LengthDelimited)
      .fork()
      .tag(1, WireType.LengthDelimited)
      .string(tag)
      .tag(2, WireType.Bit32)
      .float(value)
      .join()
  }
  return record(event.join().finish())
}

/** A TFRecord: length (u64), its checksum, data, their checksum, little-endian. */
function record(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length + 4)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(data.length), true)
  view.setUint32(8, maskedCrc32c(bytes.subarray(0, 8)), true)
  bytes.set(data, 12)
  view.setUint32(12 + data.length, maskedCrc32c(data), true)
  return bytes
}
