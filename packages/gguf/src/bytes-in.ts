import { VALUE_TYPES, type MetadataList, type MetadataValue, type ValueType } from './metadata.js'

/** Thrown where more bytes of the file are needed to go on. */
export class NeedsMore extends Error {}

/** A problem of the content, without the name of the file. */
export class Damaged extends Error {}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

const typeNames: ReadonlyMap<number, ValueType> = new Map(
  (Object.keys(VALUE_TYPES) as ValueType[]).map(name => [VALUE_TYPES[name][0], name])
)

/** Reads little-endian values one after another, and claims nothing that the file cannot have. */
export class BytesIn {
  at = 0
  readonly #view: DataView

  /**
   * @param bytes the beginning of the file, as far as it was read
   * @param fileBytes size of the file
   */
  constructor(
    readonly bytes: Uint8Array,
    readonly fileBytes: number
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Bytes of the file from here on. */
  get rest(): number {
    return this.fileBytes - this.at
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  /** @param most the largest value that makes sense */
  uint64(what: string, most: number): number {
    const value = this.#view.getBigUint64(this.#take(8), true)
    if (value > BigInt(most)) throw new Damaged(`${what} is ${value}, more than the ${most} that are possible`)
    return Number(value)
  }

  string(what: string, most = this.rest): string {
    const length = this.uint64(`the length of ${what}`, Math.min(most, this.rest))
    const from = this.#take(length)
    return utf8.decode(this.bytes.subarray(from, from + length))
  }

  /** A value with its type. */
  value(key: string): MetadataValue {
    const type = this.#type(key)
    return type === 'array' ? this.#list(key) : this.#typed(type, key)
  }

  #typed(type: Exclude<ValueType, 'array'>, key: string): MetadataValue {
    if (type === 'string') return { type, value: this.string(`'${key}'`) }
    const value = this.#scalar(type)
    if (type === 'bool') return { type, value: Boolean(value) }
    return { type, value }
  }

  /** Passes over a list, whose elements are read when they are asked for. */
  #list(key: string): MetadataList {
    const of = this.#type(key)
    if (of === 'array') throw new Damaged(`'${key}' is a list of lists`)
    const [, size] = VALUE_TYPES[of]
    const length = this.uint64(`the length of '${key}'`, Math.floor(this.rest / size))
    const from = this.at
    if (of === 'string') {
      for (let i = 0; i < length; i++) {
        const bytes = this.uint64(`the length of an element of '${key}'`, this.rest)
        this.#take(bytes)
      }
    } else this.#take(size * length)
    const values = () => {
      const again = new BytesIn(this.bytes, this.fileBytes)
      again.at = from
      return Array.from({ length }, () => (of === 'string' ? again.string(key) : again.#truthOrNumber(of)))
    }
    return { type: 'array', of, length, values }
  }

  #truthOrNumber(type: Exclude<ValueType, 'array' | 'string'>): number | bigint | boolean {
    const value = this.#scalar(type)
    return type === 'bool' ? Boolean(value) : value
  }

  #type(key: string): ValueType {
    const number = this.uint32()
    const name = typeNames.get(number)
    if (name === undefined) throw new Damaged(`'${key}' has the unknown type ${number}`)
    return name
  }

  #scalar(type: Exclude<ValueType, 'array' | 'string'>): number | bigint {
    const at = this.#take(VALUE_TYPES[type][1])
    const view = this.#view
    switch (type) {
      case 'bool':
      case 'uint8':
        return view.getUint8(at)
      case 'int8':
        return view.getInt8(at)
      case 'uint16':
        return view.getUint16(at, true)
      case 'int16':
        return view.getInt16(at, true)
      case 'uint32':
        return view.getUint32(at, true)
      case 'int32':
        return view.getInt32(at, true)
      case 'float32':
        return view.getFloat32(at, true)
      case 'float64':
        return view.getFloat64(at, true)
      case 'uint64':
        return view.getBigUint64(at, true)
      case 'int64':
        return view.getBigInt64(at, true)
    }
  }

  /** Passes over so many bytes and returns where they begin. */
  #take(count: number): number {
    const at = this.at
    if (at + count > this.fileBytes) throw new NeedsMore()
    if (at + count > this.bytes.length) throw new NeedsMore()
    this.at += count
    return at
  }
}
