import { SkipwiseError, validate } from '@skipwise/core'
import type { FileHandle } from 'node:fs/promises'
import { z } from 'zod'
import { DTYPE_BYTES } from './dtypes.js'
import { duplicateKey } from './duplicate-key.js'
import { MAX_HEADER_BYTES, MAX_TENSORS } from './file-limits.js'
import { readFully } from './files.js'

/** Where a tensor is stored. */
export interface TensorInfo {
  /** As the header names it: `F32`, `BF16`, `F16`, `I64`, … */
  readonly dtype: string
  readonly shape: readonly number[]
  /** Path of its file. */
  readonly file: string
  /** Of the first element, from the start of the file. */
  readonly byteOffset: number
  /** Size of all elements together. */
  readonly byteLength: number
  /**
   * Only for a torch tensor whose elements are not in row-major order, for instance a transposed one: the number of
   * elements between neighbours of each dimension.
   */
  readonly strides?: readonly number[]
}

/** The checked content of the header of a safetensors file. */
export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorInfo>
  /** `__metadata__`: free text by key. */
  readonly metadata: Readonly<Record<string, string>>
}

const natural = z.int().nonnegative()
const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(natural),
  data_offsets: z.tuple([natural, natural])
})
const metadataSchema = z.record(z.string(), z.string())

const invalid = (file: string, problem: string, cause?: unknown) =>
  new SkipwiseError('CHECKPOINT_HEADER_INVALID', {
    problem: `${file}: ${problem}`,
    fix: 'the file is damaged or not safetensors: download it again',
    cause
  })

const truncated = (file: string, problem: string) =>
  new SkipwiseError('CHECKPOINT_TRUNCATED', {
    problem: `${file}: ${problem}`,
    fix: 'the copy or the download is incomplete: download the file again'
  })

/**
 * Checks the first 8 bytes of a safetensors file.
 *
 * @param prefix the first bytes of the file, at most 8
 * @param fileBytes size of the file
 * @returns the length of the header in bytes
 * @throws SkipwiseError `CHECKPOINT_TRUNCATED`, `CHECKPOINT_HEADER_INVALID`
 */
export function parseHeaderLength(prefix: Uint8Array, fileBytes: number, file: string): number {
  if (prefix.length < 8) throw truncated(file, `it has ${fileBytes} bytes, too few for a safetensors file`)
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true)
  if (length > BigInt(MAX_HEADER_BYTES))
    throw invalid(file, `its header claims ${length} bytes, more than the ${MAX_HEADER_BYTES} allowed`)
  if (8 + Number(length) > fileBytes)
    throw truncated(file, `its header claims ${length} bytes but the file has ${fileBytes}`)
  return Number(length)
}

/**
 * Parses and checks the header of a safetensors file: every tensor's shape, data type and offsets agree, and together
 * they fill the file without a gap or an overlap, as the safetensors library requires (`Metadata::validate`).
 *
 * @param json the header's bytes
 * @param fileBytes size of the file
 * @param file its path, for {@link TensorInfo} and messages
 * @throws SkipwiseError `CHECKPOINT_HEADER_INVALID`, `CHECKPOINT_TRUNCATED`, `CHECKPOINT_DTYPE_UNSUPPORTED`
 */
export function parseHeader(json: Uint8Array, fileBytes: number, file: string): SafetensorsHeader {
  const text = new TextDecoder().decode(json)
  const tooMany = (count: number) => invalid(file, `it has ${count} tensors, more than the ${MAX_TENSORS} allowed`)
  const likely = occurrences(text, '"dtype"')
  if (likely > MAX_TENSORS) throw tooMany(likely)
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw invalid(file, `its header is not JSON (${(cause as Error).message})`, cause)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw invalid(file, 'its header is not a JSON object')
  const entries = Object.entries(parsed)
  if (entries.length > MAX_TENSORS) throw tooMany(entries.length)
  const duplicate = duplicateKey(text)
  if (duplicate !== undefined) throw invalid(file, `its header has the key '${duplicate}' twice`)

  const dataStart = 8 + json.length
  const tensors = new Map<string, TensorInfo>()
  let metadata: Record<string, string> = {}
  for (const [name, value] of entries) {
    if (name === '__metadata__')
      metadata = validate(metadataSchema, value, 'CHECKPOINT_HEADER_INVALID', `${file}: __metadata__`)
    else tensors.set(name, checkEntry(name, value, dataStart, file))
  }
  checkLayout(tensors, dataStart, fileBytes, file)
  return { tensors, metadata }
}

/** Number of occurrences of a piece in a text: much faster than parsing it. */
function occurrences(text: string, piece: string): number {
  let count = 0
  for (let at = text.indexOf(piece); at >= 0; at = text.indexOf(piece, at + piece.length)) count++
  return count
}

type Entry = z.output<typeof entrySchema>

/**
 * Whether {@link entrySchema} accepts an entry, decided without the schema: a header may have a million entries. The
 * schema reports what is wrong.
 */
function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false
  if (!('dtype' in value && 'shape' in value && 'data_offsets' in value) || Object.keys(value).length !== 3)
    return false
  const { dtype, shape, data_offsets: offsets } = value
  return typeof dtype === 'string' && isNaturals(shape) && isNaturals(offsets) && offsets.length === 2
}

const isNaturals = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every(item => Number.isSafeInteger(item) && item >= 0)

function checkEntry(name: string, value: unknown, dataStart: number, file: string): TensorInfo {
  const {
    dtype,
    shape,
    data_offsets: [begin, end]
  } = isEntry(value) ? value : validate(entrySchema, value, 'CHECKPOINT_HEADER_INVALID', `${file}: tensor '${name}'`)
  if (!Object.hasOwn(DTYPE_BYTES, dtype)) {
    throw new SkipwiseError('CHECKPOINT_DTYPE_UNSUPPORTED', {
      problem: `${file}: tensor '${name}' has data type ${dtype}`,
      fix: `convert the checkpoint to one of ${Object.keys(DTYPE_BYTES).join(', ')}`
    })
  }
  const byteLength = shape.reduce((product, size) => product * size, DTYPE_BYTES[dtype])
  if (end - begin !== byteLength) {
    throw invalid(
      file,
      `tensor '${name}' [${shape.join(', ')}] of ${dtype} takes ${byteLength} bytes but its offsets span ${end - begin}`
    )
  }
  return { dtype, shape, file, byteOffset: dataStart + begin, byteLength }
}

/** Sorted by offset, each tensor must begin where the one before ends, and the last must end with the file. */
function checkLayout(
  tensors: ReadonlyMap<string, TensorInfo>,
  dataStart: number,
  fileBytes: number,
  file: string
): void {
  const inOrder = [...tensors]
  const isAfter = (a: TensorInfo, b: TensorInfo) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength
  // most files are in order: checking is faster than sorting
  if (inOrder.some(([, info], i) => i > 0 && isAfter(inOrder[i - 1][1], info) > 0))
    inOrder.sort(([, a], [, b]) => isAfter(a, b))
  let end = dataStart
  for (const [name, { byteOffset, byteLength }] of inOrder) {
    if (byteOffset !== end)
      throw invalid(
        file,
        `tensor '${name}' ${byteOffset < end ? 'overlaps the tensor before it' : 'leaves a gap before it'}`
      )
    end += byteLength
  }
  if (end > fileBytes) throw truncated(file, `it has ${fileBytes} of ${end} bytes`)
  if (end < fileBytes) throw invalid(file, `it has ${fileBytes - end} bytes after its last tensor`)
}

/**
 * Reads and checks the header of a safetensors file; tensors are not read.
 *
 * @param bytes size of the file
 * @param file its path, for messages
 * @returns the header, and its bytes: the length (8 bytes) and the JSON
 * @throws SkipwiseError `CHECKPOINT_TRUNCATED`, `CHECKPOINT_HEADER_INVALID`
 */
export async function readHeader(handle: FileHandle, bytes: number, file: string) {
  const length = new Uint8Array(Math.min(8, bytes))
  await readFully(handle, length, 0, file)
  const json = new Uint8Array(parseHeaderLength(length, bytes, file))
  await readFully(handle, json, 8, file)
  return { ...parseHeader(json, bytes, file), length, json }
}
