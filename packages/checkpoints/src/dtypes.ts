/**
 * Bytes of an element of every data type that a safetensors header may name (safetensors 0.6, `Dtype`), sub-byte types
 * excepted.
 */
export const DTYPE_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  F8_E8M0: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
  C64: 8
}

const word = new Uint32Array(1)
const float = new Float32Array(word.buffer)

/** The float32 value of bfloat16 bits. Exact. */
export function bfloat16ToFloat32(bits: number): number {
  word[0] = bits << 16
  return float[0]
}

/** The bfloat16 bits nearest to a number, ties to even; NaN stays NaN, overflow becomes infinity. */
export function float32ToBfloat16(value: number): number {
  float[0] = value
  const bits = word[0]
  // A NaN keeps its sign and is made quiet: rounding could carry its mantissa into infinity or drop it.
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16
}

/** The float32 value of IEEE 754 binary16 bits. Exact. */
export function float16ToFloat32(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 0x1f
  const mantissa = bits & 0x3ff
  if (exponent === 0) return sign * mantissa * 2 ** -24
  if (exponent === 31) return mantissa ? NaN : sign * Infinity
  return sign * (1024 + mantissa) * 2 ** (exponent - 25)
}

/** The IEEE 754 binary16 bits nearest to a number, ties to even; NaN stays NaN, from 65520 on infinity. */
export function float32ToFloat16(value: number): number {
  float[0] = value
  const bits = word[0]
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00
  if (magnitude >= 0x477ff000) return sign | 0x7c00
  if (magnitude >= 0x38800000) return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13)
  // Subnormal in binary16: the float32 addition of ½ rounds to a multiple of 2⁻²⁴, which is the unit of a subnormal.
  word[0] = magnitude
  float[0] = float[0] + 0.5
  return sign | (word[0] - 0x3f000000)
}

let float16Table: Float32Array | undefined

/** All 65,536 binary16 values, computed once: a table is several times faster than arithmetic. */
const float16Values = () =>
  (float16Table ??= Float32Array.from({ length: 0x10000 }, (_, bits) => float16ToFloat32(bits)))

/**
 * Elements of a data type as numbers, read from `bytes` (little-endian, any alignment); undefined for a type that
 * cannot be read as numbers.
 */
export function decoderOf(dtype: string): Decode | undefined {
  return decoders[dtype]
}

/** Writes the elements in `bytes` into `target` from `at` on. */
export type Decode = (bytes: Uint8Array, target: Float32Array | Float64Array, at: number) => void

/** The bytes at an alignment for typed arrays of any element size: in place, or copied when they are not aligned. */
const aligned = (bytes: Uint8Array): [buffer: ArrayBufferLike, byteOffset: number, byteLength: number] =>
  bytes.byteOffset % 8 === 0
    ? [bytes.buffer, bytes.byteOffset, bytes.byteLength]
    : [bytes.slice().buffer, 0, bytes.byteLength]

type NumberArray = new (
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number
) => ArrayLike<number> & { readonly BYTES_PER_ELEMENT: number }

/** Data types that a typed array reads directly. */
const viewed =
  (array: NumberArray & { readonly BYTES_PER_ELEMENT: number }): Decode =>
  (bytes, target, at) => {
    const [buffer, byteOffset, byteLength] = aligned(bytes)
    target.set(new array(buffer, byteOffset, byteLength / array.BYTES_PER_ELEMENT), at)
  }

const bigIntegers =
  (array: typeof BigInt64Array | typeof BigUint64Array): Decode =>
  (bytes, target, at) => {
    const [buffer, byteOffset, byteLength] = aligned(bytes)
    const values = new array(buffer as ArrayBuffer, byteOffset, byteLength / 8)
    for (let i = 0; i < values.length; i++) target[at + i] = Number(values[i])
  }

const decoders: Readonly<Record<string, Decode>> = {
  F64: viewed(Float64Array),
  F32: viewed(Float32Array),
  F16: (bytes, target, at) => {
    const [buffer, byteOffset, byteLength] = aligned(bytes)
    const table = float16Values()
    const halves = new Uint16Array(buffer, byteOffset, byteLength / 2)
    for (let i = 0; i < halves.length; i++) target[at + i] = table[halves[i]]
  },
  BF16: (bytes, target, at) => {
    const [buffer, byteOffset, byteLength] = aligned(bytes)
    const halves = new Uint16Array(buffer, byteOffset, byteLength / 2)
    if (target instanceof Float32Array) {
      const bits = new Uint32Array(target.buffer, target.byteOffset + 4 * at, halves.length)
      for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16
    } else {
      for (let i = 0; i < halves.length; i++) target[at + i] = bfloat16ToFloat32(halves[i])
    }
  },
  I64: bigIntegers(BigInt64Array),
  U64: bigIntegers(BigUint64Array),
  I32: viewed(Int32Array),
  U32: viewed(Uint32Array),
  I16: viewed(Int16Array),
  U16: viewed(Uint16Array),
  I8: viewed(Int8Array),
  U8: viewed(Uint8Array),
  BOOL: viewed(Uint8Array)
}

/** A data type that can be written. */
export type WritableDtype = 'float32' | 'bfloat16' | 'float16'

/** The name that a safetensors header gives to a type that can be written. */
export const HEADER_NAME: Readonly<Record<WritableDtype, string>> = { float32: 'F32', bfloat16: 'BF16', float16: 'F16' }

/**
 * The little-endian bytes of `values` [n] in a data type; for float32 the memory of the values itself, not a copy.
 */
export function encode(values: Float32Array, dtype: WritableDtype): Uint8Array {
  if (dtype === 'float32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  const halves = new Uint16Array(values.length)
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  if (dtype === 'bfloat16') roundAll(bits, halves)
  else roundAllToFloat16(bits, halves)
  return new Uint8Array(halves.buffer)
}

/**
 * {@link float32ToBfloat16} for billions of numbers: a loop over their bits, without the scratch memory of one number.
 */
function roundAll(bits: Uint32Array, halves: Uint16Array): void {
  for (let i = 0; i < bits.length; i++) {
    const each = bits[i]
    halves[i] = (each & 0x7fffffff) > 0x7f800000 ? (each >>> 16) | 0x40 : (each + 0x7fff + ((each >>> 16) & 1)) >>> 16
  }
}

/** {@link float32ToFloat16} for billions of numbers, likewise. */
function roundAllToFloat16(bits: Uint32Array, halves: Uint16Array): void {
  for (let i = 0; i < bits.length; i++) {
    const each = bits[i]
    const sign = (each >>> 16) & 0x8000
    const magnitude = each & 0x7fffffff
    if (magnitude > 0x7f800000) halves[i] = sign | 0x7e00
    else if (magnitude >= 0x477ff000) halves[i] = sign | 0x7c00
    else if (magnitude >= 0x38800000)
      halves[i] = sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13)
    else if (magnitude < 0x33000000) halves[i] = sign
    else {
      // subnormal in binary16: its mantissa is shifted until its unit is 2⁻²⁴
      const mantissa = (magnitude & 0x7fffff) | 0x800000
      const shift = 126 - (magnitude >>> 23)
      const whole = mantissa >>> shift
      const rest = mantissa & ((1 << shift) - 1)
      const half = 1 << (shift - 1)
      halves[i] = sign | (whole + (rest > half || (rest === half && (whole & 1) === 1) ? 1 : 0))
    }
  }
}
