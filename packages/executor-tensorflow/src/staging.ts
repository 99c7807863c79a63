import { sizeOf, type CodeData, type HostData, type ValueSpec } from '@skipwise/runtime'
import { bytesOfCodes, tensorOf } from './storage.js'

/** Memory of up to this size (16 MB) is used again; more is left to the garbage collector, which such sizes wake. */
const KEPT_BYTES = 2 ** 24
/** Offset of the data: an address that is not a multiple of 16. */
const OFFSET = 4

const arrayOf = { float32: Float32Array, int32: Int32Array, bool: Uint8Array, uint8: Uint8Array } as const

/**
 * Data on its way into a tensor, at an address that is not a multiple of 16: TensorFlow copies such memory at once.
 * Memory that it shared with JavaScript would be given back by whichever of its threads is last, and the addon may do
 * that only on this one.
 */
export class Staging {
  #kept = new ArrayBuffer(0)

  /** A view of a copy of the data, by default of zeros; the next call may overwrite it. */
  hold(spec: ValueSpec, data?: HostData | CodeData): HostData {
    const { type, shape } = tensorOf(spec)
    const Type = arrayOf[type as keyof typeof arrayOf]
    const size = sizeOf(shape)
    const view = new Type(this.#memory(OFFSET + size * Type.BYTES_PER_ELEMENT), OFFSET, size)
    if (data) view.set(bytesOfCodes(spec, data))
    else view.fill(0)
    return view
  }

  #memory(bytes: number): ArrayBuffer {
    if (bytes <= this.#kept.byteLength) return this.#kept
    const memory = new ArrayBuffer(bytes)
    if (bytes <= KEPT_BYTES) this.#kept = memory
    return memory
  }
}
