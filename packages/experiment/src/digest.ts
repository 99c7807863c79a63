import { letEventsIn, type ProgressListener } from '@skipwise/core'
import { createHash } from 'node:crypto'

/** Bytes that are hashed at once: signals, timers and progress come between. */
const PIECE_BYTES = 2 ** 26

/** sha256 of named tensors, in order of names. */
export async function digestOfWeights(
  weights: ReadonlyMap<string, Float32Array>,
  progress?: ProgressListener
): Promise<string> {
  const hash = createHash('sha256')
  const total = [...weights.values()].reduce((sum, { byteLength }) => sum + byteLength, 0)
  let done = 0
  for (const name of [...weights.keys()].sort()) {
    const { buffer, byteOffset, byteLength } = weights.get(name) as Float32Array
    hash.update(`${name} ${byteLength} `)
    for (let at = 0; at < byteLength; at += PIECE_BYTES) {
      const bytes = Math.min(PIECE_BYTES, byteLength - at)
      hash.update(new Uint8Array(buffer, byteOffset + at, bytes))
      done += bytes
      progress?.({ task: 'hash weights', done, total, unit: 'bytes' })
      await letEventsIn()
    }
  }
  return hash.digest('hex')
}
