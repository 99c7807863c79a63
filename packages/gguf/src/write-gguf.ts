import { checkPlace, checkRoom, preparePending, writeFully } from '@skipwise/checkpoints'
import { letEventsIn, SkipwiseError } from '@skipwise/core'
import type { FileHandle } from 'node:fs/promises'
import { BytesOut } from './bytes-out.js'
import { ALIGNMENT, MAGIC, VERSION } from './layout.js'
import type { Metadata } from './metadata.js'
import { quantize } from './quantize.js'
import { bytesOf, numbersIn, TYPE_NUMBERS, writableType, type WritableType } from './tensor-types.js'

/** A tensor to write. */
export interface GgufTensor {
  readonly name: string
  /** Outermost first, as safetensors has it: [rows, columns]. */
  readonly shape: readonly number[]
  readonly type: WritableType
  /** Its numbers, row-major float32; called once, when it is written: only one tensor at a time is in memory. */
  readonly read: () => Promise<Float32Array>
}

/** How a file is written. */
export interface WriteGgufOptions {
  /** Called after every piece with the bytes of tensors that are written, and of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
  /** Aborting it removes what was written; its reason is thrown. */
  readonly signal?: AbortSignal | undefined
}

/** Numbers that are encoded and written at once: whole blocks of every type. */
const PIECE = 0x1000000

/**
 * Writes a GGUF file of version 3, tensor by tensor: under a temporary name, flushed and renamed, so that `file` is
 * there as a whole or not at all. Whether the disk has room is checked first. The same content gives the same bytes.
 *
 * @param metadata in this order; `general.alignment` is added
 * @returns the size of the file in bytes
 * @throws SkipwiseError `GGUF_TENSOR`, `DISK_FULL`, `OUTPUT_WRITE_FAILED`, `CHECKPOINT_WRITE_FAILED`; the file is then
 * unchanged; `signal.reason` when aborted; what `read` throws
 *
 * @example
 * ```ts
 * const read = async () => Float32Array.of(1, 2)
 * const norm = { name: 'output_norm.weight', shape: [2], type: 'F32', read } as const
 * await writeGguf('norm.gguf', new Map([['general.architecture', text('llama')]]), [norm])
 * ```
 */
export async function writeGguf(
  file: string,
  metadata: Metadata,
  tensors: readonly GgufTensor[],
  { onProgress, signal }: WriteGgufOptions = {}
): Promise<number> {
  checkTensors(tensors)
  const header = headerOf(metadata, tensors)
  const total = tensors.reduce((sum, tensor) => sum + padded(sizeOf(tensor)), 0)
  await checkPlace(file)
  await checkRoom(file, header.length + total)
  const pending = await preparePending(file, async handle => {
    await writeFully(handle, header)
    let done = 0
    for (const tensor of tensors) {
      await writeTensor(handle, tensor, bytes => {
        signal?.throwIfAborted()
        onProgress?.((done += bytes), total)
      })
      done += await writePadding(handle, sizeOf(tensor))
    }
  })
  await pending.commit()
  return header.length + total
}

const sizeOf = ({ type, shape }: GgufTensor) => bytesOf(writableType(type), numbersIn(shape))

const padded = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT

async function writeTensor(handle: FileHandle, tensor: GgufTensor, onBytes: (bytes: number) => void): Promise<void> {
  const values = await tensor.read()
  if (values.length !== numbersIn(tensor.shape))
    throw invalid(
      `tensor '${tensor.name}' [${tensor.shape.join(', ')}] has ${values.length} numbers`,
      'give as many as its shape has'
    )
  for (let at = 0; at < values.length; at += PIECE) {
    const bytes = quantize(values.subarray(at, at + PIECE), tensor.type)
    await writeFully(handle, bytes)
    onBytes(bytes.length)
    await letEventsIn()
  }
}

async function writePadding(handle: FileHandle, bytes: number): Promise<number> {
  const missing = padded(bytes) - bytes
  if (missing > 0) await writeFully(handle, new Uint8Array(missing))
  return missing
}

/** @throws SkipwiseError `GGUF_TENSOR` */
function checkTensors(tensors: readonly GgufTensor[]): void {
  const names = new Set<string>()
  for (const { name, shape, type } of tensors) {
    if (name === '' || names.has(name)) throw invalid(`two tensors are called '${name}'`, 'give each its own name')
    names.add(name)
    const { block } = writableType(type)
    const columns = shape.at(-1) ?? 1
    if (shape.length > 4 || !shape.every(size => Number.isSafeInteger(size) && size > 0) || columns % block !== 0)
      throw invalid(
        `tensor '${name}' [${shape.join(', ')}] cannot be ${type}`,
        `use rows of a multiple of ${block}, or another type`
      )
  }
}

const invalid = (problem: string, fix: string) => new SkipwiseError('GGUF_TENSOR', { problem, fix })

/** All before the data, padded to its beginning. */
function headerOf(metadata: Metadata, tensors: readonly GgufTensor[]): Uint8Array {
  const out = new BytesOut()
  const entries = [...metadata].filter(([key]) => key !== 'general.alignment')
  out.uint32(MAGIC)
  out.uint32(VERSION)
  out.uint64(tensors.length)
  out.uint64(entries.length + 1)
  for (const [key, value] of entries) {
    out.string(key)
    out.value(value)
  }
  out.string('general.alignment')
  out.value({ type: 'uint32', value: ALIGNMENT })
  let offset = 0
  for (const tensor of tensors) {
    out.string(tensor.name)
    out.uint32(tensor.shape.length)
    // innermost first
    for (const size of [...tensor.shape].reverse()) out.uint64(size)
    out.uint32(TYPE_NUMBERS[tensor.type])
    out.uint64(offset)
    offset += padded(sizeOf(tensor))
  }
  out.padTo(ALIGNMENT)
  return out.finish()
}
