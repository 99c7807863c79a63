import { letEventsIn, SkipwiseError } from '@skipwise/core'
import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { openForReading, readFully } from './files.js'
import { readHeader, type TensorInfo } from './header.js'

/*
 * A sealed safetensors file: `__metadata__.sha256` is the digest of the whole file with zeros in its place. The header
 * stands first, so the place is filled when the tensors are written.
 */
const SEAL_KEY = 'sha256'
const BLANK = '0'.repeat(64)

/** Size of the pieces that are hashed; signals and timers are handled between them. */
const PIECE_BYTES = 0x4000000

/** Metadata with room for a seal. */
export const withSeal = (metadata: Readonly<Record<string, string>>): Record<string, string> => ({
  ...metadata,
  [SEAL_KEY]: BLANK
})

/** Puts the seal into a file that was written with {@link withSeal}. */
export async function putSeal(handle: FileHandle, header: Uint8Array, digest: string): Promise<void> {
  const at = Buffer.from(header).indexOf(`"${SEAL_KEY}":"${BLANK}"`)
  await handle.write(Buffer.from(digest), 0, digest.length, at + SEAL_KEY.length + 4)
}

/** The content of a sealed file. */
export interface SealedTensors {
  readonly metadata: Readonly<Record<string, string>>
  readonly tensors: ReadonlyMap<string, SealedTensor>
}

/** A tensor of a sealed file. */
export interface SealedTensor {
  readonly shape: readonly number[]
  /** Row-major. */
  readonly data: Float32Array
}

/**
 * Reads a safetensors file of float32 that was written with `sealed`, completely and once, and checks its digest.
 *
 * @throws SkipwiseError `CHECKPOINT_DAMAGED` when any byte differs from what was written; `CHECKPOINT_NOT_FOUND`,
 * `CHECKPOINT_TRUNCATED`, `CHECKPOINT_HEADER_INVALID`, `CHECKPOINT_DTYPE_UNSUPPORTED`
 */
export async function readSealedSafetensors(file: string): Promise<SealedTensors> {
  const { handle, bytes } = await openForReading(file)
  try {
    const { tensors, metadata, length, json } = await readHeader(handle, bytes, file)
    const seal = metadata[SEAL_KEY] ?? ''
    const hash = createHash('sha256')
      .update(length)
      .update(unsealed(json, seal, file))
    const read = new Map<string, SealedTensor>()
    const inOrder = [...tensors].sort(([, a], [, b]) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength)
    for (const [name, info] of inOrder) {
      const data = float32Of(name, info)
      const raw = new Uint8Array(data.buffer)
      await readFully(handle, raw, info.byteOffset, file)
      await hashPieces(hash, raw)
      read.set(name, { shape: info.shape, data })
    }
    if (hash.digest('hex') !== seal) throw damaged(file, 'its digest does not match its content')
    const { [SEAL_KEY]: _, ...rest } = metadata
    return { metadata: rest, tensors: read }
  } finally {
    await handle.close()
  }
}

/** A header with a blank seal, as it was when its digest was computed. */
function unsealed(json: Uint8Array, seal: string, file: string): Uint8Array {
  const text = Buffer.from(json)
  const at = text.indexOf(`"${SEAL_KEY}":"${seal}"`)
  if (seal.length !== BLANK.length || at < 0) throw damaged(file, 'it has no digest')
  text.write(BLANK, at + SEAL_KEY.length + 4)
  return text
}

function float32Of(name: string, { dtype, byteLength, file }: TensorInfo): Float32Array {
  if (dtype !== 'F32') throw damaged(file, `tensor '${name}' is ${dtype}, not F32`)
  return new Float32Array(byteLength / 4)
}

async function hashPieces(hash: Hash, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    hash.update(bytes.subarray(at, at + PIECE_BYTES))
    await letEventsIn()
  }
}

const damaged = (file: string, problem: string) =>
  new SkipwiseError('CHECKPOINT_DAMAGED', {
    problem: `${file} has changed since it was written: ${problem}`,
    fix: 'remove it, or restore a copy of it'
  })

/**
 * SHA-256 of a regular file, in hex.
 *
 * @param onBytes called with the number of bytes hashed, piece by piece
 * @throws SkipwiseError `CHECKPOINT_NOT_FOUND`
 */
export async function digestOfFile(file: string, onBytes?: (bytes: number) => void): Promise<string> {
  const { handle } = await openForReading(file)
  const hash = createHash('sha256')
  // the stream closes the handle
  for await (const chunk of createReadStream('', { fd: handle, highWaterMark: 1 << 20 })) {
    const piece = chunk as Uint8Array
    hash.update(piece)
    onBytes?.(piece.length)
  }
  return hash.digest('hex')
}
