import { letEventsIn, type ProgressListener } from '@skipwise/core'
import { bytesOfWeight, isStored, type Weight } from '@skipwise/runtime'
import { createHash, type Hash } from 'node:crypto'
import { partsOfWeight } from './weight-types.js'

/** Bytes that are hashed at once: signals, timers and progress come between. */
const PIECE_BYTES = 2 ** 26

/** Digests of weights that were hashed while they were read. */
const known = new WeakMap<ReadonlyMap<string, Weight>, string>()

/**
 * sha256 of named tensors, in order of names; of what {@link readWeights} has read without another pass over it.
 *
 * @param weights as they were read, if they were
 */
export async function digestOfWeights(
  weights: ReadonlyMap<string, Weight>,
  progress?: ProgressListener
): Promise<string> {
  const found = known.get(weights)
  if (found !== undefined) return found
  const total = [...weights.values()].reduce((sum, weight) => sum + bytesOfWeight(weight), 0)
  const tensors = [...weights.keys()].sort().map(name => [name, weights.get(name) as Weight] as const)
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
  read: (name: string) => Promise<Weight>,
  progress?: ProgressListener
): Promise<Map<string, Weight>> {
  const sorted = [...names].sort()
  const found = new Map<string, Weight>()
  const hash = createHash('sha256')
  let done = 0
  const readAt = async (at: number): Promise<Weight | undefined> => (at < sorted.length ? read(sorted[at]) : undefined)
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
  const weights = new Map(names.map(name => [name, found.get(name) as Weight]))
  known.set(weights, hash.digest('hex'))
  return weights
}

async function hashTensor(hash: Hash, name: string, weight: Weight, onBytes: (bytes: number) => void): Promise<void> {
  // in float32 it is the size alone, as it was before there were weights at rest
  hash.update(`${name} ${isStored(weight) ? `${weight.storage} ` : ''}${bytesOfWeight(weight)} `)
  for (const { buffer, byteOffset, byteLength } of partsOfWeight(weight)) {
    for (let at = 0; at < byteLength; at += PIECE_BYTES) {
      const bytes = Math.min(PIECE_BYTES, byteLength - at)
      hash.update(new Uint8Array(buffer, byteOffset + at, bytes))
      onBytes(bytes)
      await letEventsIn()
    }
  }
}
