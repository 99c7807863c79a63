import { VALUE_TYPES, type MetadataValue, type ValueType } from './metadata.js'

const utf8 = new TextEncoder()

/** Bytes that grow as they are written, little-endian. */
export class BytesOut {
  #bytes = new Uint8Array(1 << 12)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** What was written, as a view. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  uint32(value: number): void {
    this.scalar('uint32', value)
  }

  uint64(value: number): void {
    this.scalar('uint64', value)
  }

  /** A length in bytes, and UTF-8. */
  string(text: string): void {
    const bytes = utf8.encode(text)
    this.uint64(bytes.length)
    const at = this.#take(bytes.length)
    this.#bytes.set(bytes, at)
  }

  /** Zeros up to a multiple. */
  padTo(multiple: number): void {
    const rest = this.#length % multiple
    if (rest > 0) this.#take(multiple - rest)
  }

  /** The type of a value, and the value. */
  value(value: MetadataValue): void {
    this.uint32(VALUE_TYPES[value.type][0])
    if (value.type !== 'array') {
      this.scalar(value.type, value.value)
      return
    }
    this.uint32(VALUE_TYPES[value.of][0])
    this.uint64(value.length)
    for (const each of value.values()) this.scalar(value.of, each)
  }

  scalar(type: Exclude<ValueType, 'array'>, value: number | bigint | string | boolean): void {
    if (type === 'string') {
      this.string(String(value))
      return
    }
    const at = this.#take(VALUE_TYPES[type][1])
    const view = this.#view
    switch (type) {
      case 'bool':
      case 'uint8':
        return view.setUint8(at, Number(value))
      case 'int8':
        return view.setInt8(at, Number(value))
      case 'uint16':
        return view.setUint16(at, Number(value), true)
      case 'int16':
        return view.setInt16(at, Number(value), true)
      case 'uint32':
        return view.setUint32(at, Number(value), true)
      case 'int32':
        return view.setInt32(at, Number(value), true)
      case 'float32':
        return view.setFloat32(at, Number(value), true)
      case 'float64':
        return view.setFloat64(at, Number(value), true)
      case 'uint64':
        return view.setBigUint64(at, BigInt(value), true)
      case 'int64':
        return view.setBigInt64(at, BigInt(value), true)
    }
  }

  /** Makes room for so many zeros and returns where they begin. */
  #take(count: number): number {
    const at = this.#length
    this.#length += count
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(2 ** Math.ceil(Math.log2(this.#length)))
      larger.set(this.#bytes)
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    return at
  }
}
