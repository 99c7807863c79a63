import { letEventsIn, type ProgressListener } from '@skipwise/core'
import { createHash, type Hash } from 'node:crypto'

/** Bytes that are hashed at once: signals, timers and progress come between. */
const PIECE_BYTES = 2 ** 26

/** Digests of weights that were hashed while they were read. */
const known = new WeakMap<ReadonlyMap<string, Float32Array>, string>()

/**
 * sha256 of named tensors, in order of names; of what {@link readWeights} has read without another pass over it.
 *
 * @param weights as they were read, if they were
 */
export async function digestOfWeights(
  weights: ReadonlyMap<string, Float32Array>,
  progress?: ProgressListener
): Promise<string> {
  const found = known.get(weights)
  if (found !== undefined) return found
  const total = [...weights.values()].reduce((sum, { byteLength }) => sum + byteLength, 0)
  const tensors = [...weights.keys()].sort().map(name => [name, weights.get(name) as Float32Array] as const)
  const hash = createHash('sha256')
  let done = 0
  for (const [name, tensor] of tensors) {
    await hashTensor(hash, name, tensor, bytes => {
      done += bytes
      progress?.({ task: 'hash weights', done, total, unit: 'bytes' })
    })
  }
  return hash.digest('hex')
}

/**
 * Reads named tensors, and hashes each while the next is read.
 *
 * @param total bytes of all
 * @returns the tensors in the order of `names`
 * @throws what `read` throws
 */
export async function readWeights(
  names: readonly string[],
  total: number,
  read: (name: string) => Promise<Float32Array>,
  progress?: ProgressListener
): Promise<Map<string, Float32Array>> {
  const sorted = [...names].sort()
  const found = new Map<string, Float32Array>()
  const hash = createHash('sha256')
  let done = 0
  const readAt = async (at: number): Promise<Float32Array | undefined> =>
    at < sorted.length ? read(sorted[at]) : undefined
  let tensor = await readAt(0)
  for (const [i, name] of sorted.entries()) {
    if (!tensor) break
    const next = readAt(i + 1)
    // Nothing waits for it until this one is hashed.
    next.catch(() => undefined)
    found.set(name, tensor)
    await hashTensor(hash, name, tensor, bytes => {
      done += bytes
      progress?.({ task: 'read weights', done, total, unit: 'bytes' })
    })
    tensor = await next
  }
  const weights = new Map(names.map(name => [name, found.get(name) as Float32Array]))
  known.set(weights, hash.digest('hex'))
  return weights
}

async function hashTensor(
  hash: Hash,
  name: string,
  { buffer, byteOffset, byteLength }: Float32Array,
  onBytes: (bytes: number) => void
): Promise<void> {
  hash.update(`${name} ${byteLength} `)
  for (let at = 0; at < byteLength; at += PIECE_BYTES) {
    const bytes = Math.min(PIECE_BYTES, byteLength - at)
    hash.update(new Uint8Array(buffer, byteOffset + at, bytes))
    onBytes(bytes)
    await letEventsIn()
  }
}
