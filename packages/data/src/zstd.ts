import { Decompress } from 'fzstd'

/** The largest window that is unpacked: what the zstd program takes without being told to take more. */
const MAX_WINDOW = 2 ** 27

/** What zstd packed, a piece at a time. @throws an `Error` for bytes that are not, or whose window would ask for much memory */
export async function* unpackZstd(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const pieces: Uint8Array[] = [], unpacking = new Decompress(piece => pieces.push(piece))
  let first = true
  for await (const chunk of packed) {
    if (first) checkWindow(chunk)
    first = false
    unpacking.push(chunk)
    yield* pieces.splice(0)
  }
  unpacking.push(new Uint8Array(0), true)
  yield* pieces.splice(0)
}

/** The frame header of RFC 8878, 3.1.1.1. */
function checkWindow(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 6 || view.getUint32(0, true) !== 0xfd2fb528) throw new Error('it does not begin as zstd does')
  if (bytes[4] & 0x20) return
  const base = 2 ** (10 + (bytes[5] >> 3)), window = base + (base / 8) * (bytes[5] & 7)
  if (window > MAX_WINDOW) throw new Error(`its window of ${window} bytes is larger than ${MAX_WINDOW}`)
}
