import { sizeOf, type CodeType, type ValueSpec } from './graph.js'

/**
 * Types of weights at rest. bfloat16 and float16 are the numbers themselves, in 16 bits: float32 restores them exactly.
 * int8 and int4 are whole numbers times the scale of their block: see {@link storeWeight}.
 */
export const storageNames = ['bfloat16', 'float16', 'int8', 'int4'] as const
/** A name of {@link storageNames}. */
export type StorageName = (typeof storageNames)[number]

/** Numbers of a `CodeType`. */
export type CodeData = Uint16Array | Int8Array | Uint8Array

/** A matrix at rest. */
export interface StoredWeight {
  readonly storage: StorageName
  /** Of the matrix that it stands for, [rows, columns]. */
  readonly shape: readonly number[]
  /** Row-major; of int4 two in a byte: see {@link storeWeight}. */
  readonly codes: CodeData
  /** Of int8 and int4, a scale for each block of a row, row-major. */
  readonly scales?: Float32Array
}

/** A tensor of a model: float32 row-major, or a matrix at rest. */
export type Weight = Float32Array | StoredWeight

/** Numbers of a row that have one scale. */
export const STORAGE_BLOCK = 64

const CODES: Readonly<Record<StorageName, CodeType>> = {
  bfloat16: 'uint16',
  float16: 'uint16',
  int8: 'int8',
  int4: 'uint8'
}

/** Whether a storage has scales. */
const isScaled = (storage: StorageName): boolean => storage === 'int8' || storage === 'int4'

/** Whether a tensor of this shape can be stored so: a matrix, of whole blocks where these have scales. */
export const canStore = (storage: StorageName, shape: readonly number[]): boolean =>
  shape.length === 2 && (!isScaled(storage) || shape[1] % STORAGE_BLOCK === 0)

/** What a program reads of a matrix at rest of this shape, [rows, columns]. */
export function storedSpecs(
  storage: StorageName,
  [rows, columns]: readonly number[]
): { readonly codes: ValueSpec; readonly scales?: ValueSpec } {
  const width = storage === 'int4' ? columns / 2 : columns
  const codes: ValueSpec = { shape: [rows, width], dtype: 'int32', codes: CODES[storage] }
  return isScaled(storage) ? { codes, scales: { shape: [rows, columns / STORAGE_BLOCK], dtype: 'float32' } } : { codes }
}

/** Whether a tensor is a matrix at rest. */
export const isStored = (weight: Weight): weight is StoredWeight => !(weight instanceof Float32Array)

/** How the weights that are at rest are stored, by name. */
export const storagesOf = (weights: ReadonlyMap<string, Weight>): Map<string, StorageName> =>
  new Map([...weights].flatMap(([name, weight]) => (isStored(weight) ? [[name, weight.storage] as const] : [])))

/** Bytes that a weight takes. */
export const bytesOfWeight = (weight: Weight): number =>
  isStored(weight) ? weight.codes.byteLength + (weight.scales?.byteLength ?? 0) : weight.byteLength

/**
 * A matrix at rest.
 *
 * - bfloat16: rounded to the nearest, ties to even.
 * - int8: in blocks of 64 numbers of a row, scale = max |x| / 127, code = round(x / scale).
 * - int4: in blocks of 64, scale = m / −8 with m the number of the largest |x|, code = round(x / scale) + 8 in 0 … 15.
 *   A byte holds number i of a block in its lower half and number i + 32 in its upper one (blocks of 32 in the same
 *   order: Q4_0 of llama.cpp, ggml-quants.c).
 *
 * float16 is only ever read from files.
 *
 * @param data row-major, finite
 * @param shape for which {@link canStore} holds
 */
export function storeWeight(
  data: Float32Array,
  shape: readonly number[],
  storage: Exclude<StorageName, 'float16'>
): StoredWeight {
  if (storage === 'bfloat16') return { storage, shape, codes: toBfloat16(data) }
  const scales = new Float32Array(data.length / STORAGE_BLOCK)
  if (storage === 'int8') {
    const codes = new Int8Array(data.length)
    for (let block = 0; block < scales.length; block++) storeInt8(data, codes, scales, block)
    return { storage, shape, codes, scales }
  }
  const codes = new Uint8Array(data.length / 2)
  for (let block = 0; block < scales.length; block++) storeInt4(data, codes, scales, block)
  return { storage, shape, codes, scales }
}

/** The number of the largest magnitude of a block. */
function largestOf(data: Float32Array, begin: number): number {
  let largest = 0
  for (let i = begin; i < begin + STORAGE_BLOCK; i++) if (Math.abs(data[i]) > Math.abs(largest)) largest = data[i]
  return largest
}

function storeInt8(data: Float32Array, codes: Int8Array, scales: Float32Array, block: number): void {
  const begin = block * STORAGE_BLOCK
  scales[block] = Math.abs(largestOf(data, begin)) / 127
  const inverse = inverseOf(scales[block])
  for (let i = begin; i < begin + STORAGE_BLOCK; i++)
    codes[i] = Math.max(-127, Math.min(127, Math.round(data[i] * inverse)))
}

function storeInt4(data: Float32Array, codes: Uint8Array, scales: Float32Array, block: number): void {
  const begin = block * STORAGE_BLOCK
  scales[block] = largestOf(data, begin) / -8
  const inverse = inverseOf(scales[block])
  const code = (x: number) => Math.max(0, Math.min(15, Math.round(x * inverse) + 8))
  for (let i = 0; i < STORAGE_BLOCK / 2; i++)
    codes[begin / 2 + i] = code(data[begin + i]) | (code(data[begin + STORAGE_BLOCK / 2 + i]) << 4)
}

/** 0 for a block of zeros, or of numbers whose scale float32 does not have. */
const inverseOf = (scale: number): number => (scale === 0 ? 0 : 1 / scale)

function toBfloat16(data: Float32Array): Uint16Array {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length)
  const codes = new Uint16Array(bits.length)
  // half of the last place, and 1 less where that leaves an even number as it is
  for (let i = 0; i < bits.length; i++) codes[i] = (bits[i] + 0x7fff + ((bits[i] >>> 16) & 1)) >>> 16
  return codes
}

/** The numbers of a weight, row-major: `float32 = code · scale`, rounded once. */
export function restoreWeight(weight: Weight): Float32Array {
  if (!isStored(weight)) return weight
  const { storage, shape, codes, scales } = weight
  const data = new Float32Array(sizeOf(shape))
  if (storage === 'bfloat16') {
    const bits = new Uint32Array(data.buffer)
    for (let i = 0; i < bits.length; i++) bits[i] = codes[i] << 16
  } else if (storage === 'float16') {
    for (let i = 0; i < data.length; i++) data[i] = fromFloat16(codes[i])
  } else {
    for (let i = 0; i < data.length; i++)
      data[i] = codeAt(storage, codes, i) * (scales?.[Math.floor(i / STORAGE_BLOCK)] ?? 0)
  }
  return data
}

/** The whole number of element i. */
function codeAt(storage: 'int8' | 'int4', codes: CodeData, i: number): number {
  if (storage === 'int8') return codes[i]
  const inBlock = i % STORAGE_BLOCK
  const byte = codes[(i - inBlock) / 2 + (inBlock % (STORAGE_BLOCK / 2))]
  return (inBlock < STORAGE_BLOCK / 2 ? byte & 15 : byte >> 4) - 8
}

/** IEEE 754 binary16. */
function fromFloat16(code: number): number {
  const sign = code & 0x8000 ? -1 : 1
  const exponent = (code >> 10) & 31
  const fraction = code & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1024 + fraction) * 2 ** (exponent - 25)
}
