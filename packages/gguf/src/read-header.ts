import { readFully } from '@skipwise/checkpoints'
import { SkipwiseError } from '@skipwise/core'
import type { FileHandle } from 'node:fs/promises'
import { BytesIn, Damaged, NeedsMore } from './bytes-in.js'
import { ALIGNMENT, MAGIC } from './layout.js'
import { MAX_DIMENSIONS, MAX_HEADER_BYTES, MAX_KEYS, MAX_NAME_BYTES, MAX_TENSORS } from './limits.js'
import { numberAt, type Metadata, type MetadataValue } from './metadata.js'
import { bytesOf, numbersIn, tensorTypes } from './tensor-types.js'

/** Where a tensor is in a file. */
export interface GgufTensorInfo {
  readonly name: string
  /** Outermost first, as safetensors has it: [rows, columns]. */
  readonly shape: readonly number[]
  /** As ggml names it: `F32`, `Q8_0`, `Q4_K`, … */
  readonly type: string
  /** From the start of the file. */
  readonly byteOffset: number
  readonly byteLength: number
}

/** All of a file but the numbers of its tensors. */
export interface GgufHeader {
  readonly version: number
  readonly metadata: Metadata
  readonly tensors: ReadonlyMap<string, GgufTensorInfo>
}

/** Far above any file, and exact. */
const MAX_OFFSET = 2 ** 50

/** Bytes that are read first; then four times as many, until all before the tensors is there. */
const FIRST_BYTES = 1 << 16

/**
 * Reads and checks the header of a GGUF file: memory is taken for what the file has, never for what it claims.
 *
 * @param fileBytes size of the file
 * @param file its path, for messages
 * @throws SkipwiseError `GGUF_INVALID`, `GGUF_TRUNCATED`
 */
export async function readHeader(handle: FileHandle, fileBytes: number, file: string): Promise<GgufHeader> {
  const most = Math.min(fileBytes, MAX_HEADER_BYTES)
  for (let length = Math.min(FIRST_BYTES, most); ; length = Math.min(4 * length, most)) {
    const bytes = new Uint8Array(length)
    await readFully(handle, bytes, 0, file)
    const header = attempt(bytes, fileBytes, file)
    if (header !== undefined) return header
    if (length < most) continue
    if (most < fileBytes) throw invalid(file, `its header takes more than ${MAX_HEADER_BYTES} bytes`)
    throw truncated(file, `its header does not end within the ${fileBytes} bytes that the file has`)
  }
}

/** The header in the first bytes of a file; undefined where it does not end in them. */
function attempt(bytes: Uint8Array, fileBytes: number, file: string): GgufHeader | undefined {
  try {
    return parse(new BytesIn(bytes, fileBytes), file)
  } catch (error) {
    if (error instanceof NeedsMore) return undefined
    if (error instanceof Damaged) throw invalid(file, error.message)
    throw error
  }
}

function parse(input: BytesIn, file: string): GgufHeader {
  if (input.uint32() !== MAGIC) throw new Damaged("it does not begin with 'GGUF'")
  const version = input.uint32()
  if (version !== 2 && version !== 3)
    throw new Damaged(
      version === 0x3000000 || version === 0x2000000
        ? 'its numbers are big-endian'
        : `its version is ${version}, and those that are read are 2 and 3`
    )
  const tensorCount = input.uint64('the number of tensors', MAX_TENSORS)
  const keyCount = input.uint64('the number of keys', MAX_KEYS)
  const metadata = new Map<string, MetadataValue>()
  for (let i = 0; i < keyCount; i++) {
    const key = input.string('a key', MAX_NAME_BYTES)
    if (metadata.has(key)) throw new Damaged(`the key '${key}' is there twice`)
    metadata.set(key, input.value(key))
  }
  const claims = Array.from({ length: tensorCount }, () => readClaim(input))
  const alignment = numberAt(metadata, 'general.alignment') ?? ALIGNMENT
  if (!(alignment >= 8 && alignment <= 2 ** 20) || alignment % 8 !== 0)
    throw new Damaged(`general.alignment is ${alignment}`)
  const start = Math.ceil(input.at / alignment) * alignment
  return { version, metadata, tensors: place(claims, start, alignment, input.fileBytes, file) }
}

/** A tensor as the header describes it; its offset counts from the first tensor. */
interface Claim {
  readonly name: string
  readonly shape: readonly number[]
  readonly type: number
  readonly offset: number
}

function readClaim(input: BytesIn): Claim {
  const name = input.string('the name of a tensor', MAX_NAME_BYTES)
  const dimensions = input.uint32()
  if (dimensions > MAX_DIMENSIONS) throw new Damaged(`tensor '${name}' has ${dimensions} dimensions`)
  const most = 16 * input.fileBytes
  const shape = Array.from({ length: dimensions }, () => input.uint64(`a size of tensor '${name}'`, most)).reverse()
  const type = input.uint32()
  // one beyond the end of the file is of a file that was cut off: see `place`
  return { name, shape, type, offset: input.uint64(`the offset of tensor '${name}'`, MAX_OFFSET) }
}

/** Checks that tensors lie one after another within the file. */
function place(
  claims: readonly Claim[],
  start: number,
  alignment: number,
  fileBytes: number,
  file: string
): ReadonlyMap<string, GgufTensorInfo> {
  const tensors = new Map<string, GgufTensorInfo>()
  for (const { name, shape, type, offset } of claims) {
    if (tensors.has(name)) throw new Damaged(`two tensors are called '${name}'`)
    const known = tensorTypes.get(type)
    if (known === undefined) throw new Damaged(`tensor '${name}' has the unknown type ${type}`)
    const numbers = numbersIn(shape)
    const columns = shape.at(-1) ?? 1
    if (columns % known.block !== 0) throw new Damaged(`tensor '${name}' has rows of ${columns} in ${known.name}`)
    if (offset % alignment !== 0) throw new Damaged(`tensor '${name}' begins at ${offset}, not at an aligned byte`)
    const byteLength = bytesOf(known, numbers)
    const byteOffset = start + offset
    if (byteOffset + byteLength > fileBytes)
      throw truncated(file, `tensor '${name}' ends at byte ${byteOffset + byteLength}, and it has ${fileBytes}`)
    tensors.set(name, { name, shape, type: known.name, byteOffset, byteLength })
  }
  let end = start
  for (const { name, byteOffset, byteLength } of [...tensors.values()].sort((a, b) => a.byteOffset - b.byteOffset)) {
    if (byteOffset < end) throw new Damaged(`tensor '${name}' overlaps the tensor before it`)
    end = byteOffset + byteLength
  }
  return tensors
}

const invalid = (file: string, problem: string) =>
  new SkipwiseError('GGUF_INVALID', { problem: `${file}: ${problem}`, fix: 'download or export the file again' })

const truncated = (file: string, problem: string) =>
  new SkipwiseError('GGUF_TRUNCATED', {
    problem: `${file}: ${problem}`,
    fix: 'the copy or the download is incomplete: download or export the file again'
  })
