import { SkipwiseError } from '@skipwise/core'
import { createHash } from 'node:crypto'
import { mkdir, readdir, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { preparePending, writeError, type PendingFile } from './atomic.js'
import { INDEX_FILE, SINGLE_FILE } from './checkpoint.js'
import { DTYPE_BYTES, encode, HEADER_NAME, type WritableDtype } from './dtypes.js'
import { writeFully } from './files.js'
import { MAX_HEADER_BYTES } from './file-limits.js'
import { removeOwnFile } from './removal.js'
import { putSeal, withSeal } from './sealed.js'

/** A tensor to write. */
export interface TensorToWrite {
  readonly name: string
  readonly shape: readonly number[]
  /**
   * Row-major elements, or a function that is called once, when they are written, so that only one tensor at a time is
   * in memory.
   */
  readonly data: Float32Array | (() => Float32Array | Promise<Float32Array>)
}

/** Tensors in any order, as an array or one after another. */
export type TensorsToWrite = Iterable<TensorToWrite> | AsyncIterable<TensorToWrite>

/** How a safetensors file is written. */
export interface SafetensorsOptions {
  /** Default `'float32'`. Rounds to nearest, ties to even. */
  readonly dtype?: WritableDtype | undefined
  /** `__metadata__`; default `{ format: 'pt' }`, which transformers requires. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** Keep the digest of the file in `__metadata__.sha256`, for {@link readSealedSafetensors}. Default false. */
  readonly sealed?: boolean | undefined
}

/** How a checkpoint is written. */
export interface CheckpointOptions extends SafetensorsOptions {
  /** Bytes of tensors in one file; a larger checkpoint is split, but never within a tensor. Default 5 × 10⁹. */
  readonly maxShardBytes?: number | undefined
  /** Called after every piece with the bytes of tensors that are written, and of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/**
 * Writes one safetensors file, atomically; the same tensors give the same bytes, in any order.
 *
 * @throws SkipwiseError `CHECKPOINT_TENSOR_INVALID`, `DISK_FULL`, `CHECKPOINT_WRITE_FAILED`; the file is then unchanged
 */
export async function writeSafetensors(
  file: string,
  tensors: TensorsToWrite,
  options: SafetensorsOptions = {}
): Promise<void> {
  await (await prepareSafetensors(file, await collect(tensors), options)).file.commit()
}

/**
 * Writes the weights of a model folder with the file names of transformers: `model.safetensors`, or
 * `model-00001-of-0000N.safetensors` with their index. The folder is created where it is missing. Everything is written
 * and flushed under temporary names first; then the weights of an earlier checkpoint are replaced, and its other weight
 * files are removed. A process killed between the renames of several shards leaves a folder without an index, which
 * {@link openCheckpoint} refuses, never a mixture of two checkpoints.
 *
 * @returns the SHA-256 of every file by its name, in hex
 * @throws SkipwiseError `CHECKPOINT_TENSOR_INVALID`, `DISK_FULL`, `CHECKPOINT_WRITE_FAILED`
 */
export async function writeCheckpoint(
  folder: string,
  tensors: TensorsToWrite,
  options: CheckpointOptions = {}
): Promise<ReadonlyMap<string, string>> {
  const { dtype = 'float32', maxShardBytes = 5e9, onProgress } = options
  const elementBytes = DTYPE_BYTES[HEADER_NAME[dtype]]
  const shards = split(await collect(tensors), maxShardBytes, elementBytes)
  const total = elementBytes * shards.flat().reduce((sum, { shape }) => sum + elements(shape), 0)
  let done = 0
  const onBytes = (bytes: number) => onProgress?.((done += bytes), total)
  const nameOf = (shard: number) =>
    shards.length === 1
      ? SINGLE_FILE
      : `model-${String(shard + 1).padStart(5, '0')}-of-${String(shards.length).padStart(5, '0')}.safetensors`

  const pending: PendingFile[] = []
  const digests = new Map<string, string>()
  try {
    await mkdir(folder, { recursive: true })
    for (const [i, shard] of shards.entries()) {
      const { file, sha256 } = await prepareSafetensors(join(folder, nameOf(i)), shard, options, onBytes)
      pending.push(file)
      digests.set(nameOf(i), sha256)
    }
    if (shards.length > 1) {
      const index = new TextEncoder().encode(indexOf(shards, nameOf, elementBytes))
      digests.set(INDEX_FILE, createHash('sha256').update(index).digest('hex'))
      pending.push(await preparePending(join(folder, INDEX_FILE), handle => writeFully(handle, index)))
      await removeOwnFile(join(folder, INDEX_FILE))
    }
    for (const file of pending) await file.commit()
    const written = new Set(pending.map(file => file.path))
    for (const name of await readdir(folder)) {
      const path = join(folder, name)
      if (/^model(-\d{5}-of-\d{5})?\.safetensors(\.index\.json)?$/.test(name) && !written.has(path))
        await removeOwnFile(path)
    }
    return digests
  } catch (error) {
    for (const file of pending) await file.discard().catch(() => undefined)
    throw writeError(folder, error)
  }
}

/** Checks names and shapes, and sorts by name. */
async function collect(tensors: TensorsToWrite): Promise<TensorToWrite[]> {
  const byName = new Map<string, TensorToWrite>()
  for await (const tensor of tensors) {
    const { name, shape, data } = tensor
    if (name === '' || name === '__metadata__' || byName.has(name)) {
      throw invalid(
        `${byName.has(name) ? 'two tensors are' : 'a tensor is'} called '${name}'`,
        'give every tensor its own name'
      )
    }
    if (!shape.every(size => Number.isSafeInteger(size) && size >= 0) || !Number.isSafeInteger(8 * elements(shape))) {
      throw invalid(`tensor '${name}' has the shape [${shape.join(', ')}]`, 'use non-negative integers')
    }
    if (typeof data !== 'function') checkLength(tensor, data)
    byName.set(name, tensor)
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

const elements = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1)

const invalid = (problem: string, fix: string) => new SkipwiseError('CHECKPOINT_TENSOR_INVALID', { problem, fix })

function checkLength({ name, shape }: TensorToWrite, data: Float32Array): void {
  if (data.length !== elements(shape)) {
    throw invalid(
      `tensor '${name}' [${shape.join(', ')}] needs ${elements(shape)} elements but has ${data.length}`,
      'pass all elements in row-major order'
    )
  }
}

/** Fills files in the order of names; a tensor larger than a file gets a file of its own. */
function split(tensors: readonly TensorToWrite[], maxShardBytes: number, elementBytes: number): TensorToWrite[][] {
  const shards: TensorToWrite[][] = [[]]
  let bytes = 0
  for (const tensor of tensors) {
    const size = elements(tensor.shape) * elementBytes
    const last = shards[shards.length - 1]
    if (last.length && bytes + size > maxShardBytes) {
      shards.push([tensor])
      bytes = size
    } else {
      last.push(tensor)
      bytes += size
    }
  }
  return shards
}

function indexOf(shards: readonly TensorToWrite[][], nameOf: (shard: number) => string, elementBytes: number): string {
  const total = shards.flat().reduce((sum, tensor) => sum + elements(tensor.shape) * elementBytes, 0)
  const weightMap = Object.fromEntries(shards.flatMap((shard, i) => shard.map(tensor => [tensor.name, nameOf(i)])))
  return `${JSON.stringify({ metadata: { total_size: total }, weight_map: weightMap }, null, 2)}\n`
}

/** Bytes that are written and hashed at once; signals, timers and progress are handled between them. */
const PIECE_BYTES = 0x4000000

/** Writes a file under a temporary name; its digest is computed meanwhile. */
async function prepareSafetensors(
  file: string,
  tensors: readonly TensorToWrite[],
  options: SafetensorsOptions,
  onBytes: (bytes: number) => void = () => undefined
): Promise<{ readonly file: PendingFile; readonly sha256: string }> {
  const { dtype = 'float32', metadata = { format: 'pt' }, sealed = false } = options
  const header = headerOf(tensors, dtype, sealed ? withSeal(metadata) : metadata)
  if (header.length - 8 > MAX_HEADER_BYTES)
    throw invalid(`the header of ${file} takes ${header.length} bytes`, 'write fewer tensors in one file')
  const hash = createHash('sha256')
  let sha256 = ''
  const pending = await preparePending(file, async (handle: FileHandle) => {
    hash.update(header)
    await writeFully(handle, header)
    let writing = Promise.resolve()
    for (const tensor of tensors) {
      // For float32 the tensor's own memory is written, which the next tensor may use.
      if (dtype === 'float32') await writing
      const data = typeof tensor.data === 'function' ? await tensor.data() : tensor.data
      checkLength(tensor, data)
      for (let at = 0; at < data.length; at += PIECE_BYTES / 4) {
        const piece = encode(data.subarray(at, at + PIECE_BYTES / 4), dtype)
        await writing
        // A piece is hashed, and the next one rounded, while it is written.
        writing = writeFully(handle, piece)
        writing.catch(() => undefined)
        hash.update(piece)
        onBytes(piece.length)
      }
    }
    await writing
    sha256 = hash.digest('hex')
    if (sealed) await putSeal(handle, header, sha256)
  })
  return { file: pending, sha256 }
}

/** Length (u64, little-endian) and JSON, padded with spaces so that the tensors begin at a multiple of 8. */
function headerOf(
  tensors: readonly TensorToWrite[],
  dtype: WritableDtype,
  metadata: Readonly<Record<string, string>>
): Uint8Array {
  const entries: [string, unknown][] = [
    ['__metadata__', Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)))]
  ]
  let offset = 0
  for (const { name, shape } of tensors) {
    const end = offset + elements(shape) * DTYPE_BYTES[HEADER_NAME[dtype]]
    entries.push([name, { dtype: HEADER_NAME[dtype], shape, data_offsets: [offset, end] }])
    offset = end
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)))
  const padded = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20)
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true)
  padded.set(json, 8)
  return padded
}
