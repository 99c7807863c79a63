import { decoderOf, encodeFloats, float32ToFloat16 } from '@skipwise/checkpoints'
import type { WritableType } from './tensor-types.js'

const BLOCK = 32
const BLOCK_BYTES = 34

/**
 * Numbers in a type of GGUF, little-endian; byte for byte what `quants.quantize` of the gguf package of Python gives.
 * F32 is the memory of the numbers themselves, not a copy.
 *
 * @param values [n], row-major; for Q8_0 a multiple of 32, with rows of whole blocks
 */
export function quantize(values: Float32Array, type: WritableType): Uint8Array {
  switch (type) {
    case 'F32':
      return encodeFloats(values, 'float32')
    case 'F16':
      return encodeFloats(values, 'float16')
    case 'BF16':
      return encodeFloats(values, 'bfloat16')
    case 'Q8_0':
      return toQ8(values)
  }
}

/**
 * Q8_0: a block of 32 numbers is a float16 scale d = max |x| / 127 and 32 signed bytes, x / d rounded half away from
 * zero. All steps round to float32, as ggml does, so that the bytes are the same.
 */
function toQ8(values: Float32Array): Uint8Array {
  const blocks = values.length / BLOCK
  if (!Number.isInteger(blocks)) throw new RangeError(`${values.length} numbers are not whole blocks of ${BLOCK}`)
  const out = new Uint8Array(BLOCK_BYTES * blocks)
  const codes = new Int8Array(out.buffer)
  const { fround, abs, floor } = Math
  for (let block = 0; block < blocks; block++) {
    const from = BLOCK * block
    let largest = 0
    for (let i = from; i < from + BLOCK; i++) {
      const size = abs(values[i])
      if (size > largest) largest = size
    }
    const scale = fround(largest / 127)
    const inverse = scale === 0 ? 0 : fround(1 / scale)
    const half = float32ToFloat16(scale)
    const at = BLOCK_BYTES * block
    out[at] = half & 0xff
    out[at + 1] = half >>> 8
    // a scale so small that its inverse overflows is 0 in float16: what the codes are has no effect
    if (inverse === Infinity) continue
    for (let i = 0; i < BLOCK; i++) {
      const scaled = fround(values[from + i] * inverse)
      const size = abs(scaled)
      const whole = floor(size)
      const rounded = size - whole >= 0.5 ? whole + 1 : whole
      codes[at + 2 + i] = scaled < 0 ? -rounded : rounded
    }
  }
  return out
}

/**
 * The numbers that bytes of a type mean, float32; undefined for a type that this package does not read as numbers.
 *
 * @param bytes whole blocks, at any alignment
 */
export function dequantize(bytes: Uint8Array, type: string): Float32Array | undefined {
  if (type === 'Q8_0') return fromQ8(bytes)
  const size = { F32: 4, F16: 2, BF16: 2 }[type]
  const decode = size === undefined ? undefined : decoderOf(type)
  if (size === undefined || decode === undefined) return undefined
  const values = new Float32Array(bytes.length / size)
  decode(bytes, values, 0)
  return values
}

function fromQ8(bytes: Uint8Array): Float32Array {
  const blocks = bytes.length / BLOCK_BYTES
  const values = new Float32Array(BLOCK * blocks)
  const codes = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  const scale = new Float32Array(1)
  for (let block = 0; block < blocks; block++) {
    const at = BLOCK_BYTES * block
    decoderOf('F16')?.(bytes.slice(at, at + 2), scale, 0)
    for (let i = 0; i < BLOCK; i++) values[BLOCK * block + i] = codes[at + 2 + i] * scale[0]
  }
  return values
}
