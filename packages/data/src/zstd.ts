import { Decompress } from 'fzstd'
import { ZstdFrames } from './zstd-frames.js'

/**
 * What zstd packed, a piece of at most 128 KiB at a time; memory is that of one window. Every frame is looked at
 * before it is unpacked.
 *
 * @throws an `Error` for bytes that are not zstd, that ask for a large window, or that take far more work than they
 * give bytes
 */
export async function* unpackZstd(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const frames = new ZstdFrames()
  const pieces: Uint8Array[] = []
  let unpacking: Decompress | undefined
  for await (const chunk of packed) {
    for (const part of frames.take(chunk)) {
      // one for each frame: the library goes from frame to frame by calling itself
      unpacking ??= new Decompress(piece => pieces.push(piece))
      unpacking.push(part.bytes, part.isLast)
      if (part.isLast) unpacking = undefined
      for (const piece of pieces) frames.gave(piece.length)
      yield* pieces.splice(0)
    }
  }
  frames.end()
}
