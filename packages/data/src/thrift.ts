/** A struct of Thrift's compact protocol: its integers and structs by field; what else it holds is passed over. */
export type ThriftStruct = ReadonlyMap<number, number | ThriftStruct>

/** What Parquet nests: far less. */
const MAX_DEPTH = 32

/**
 * Reads a struct and looks at every size in it before anything is made of that size: a list says how many items it has,
 * and may lie.
 *
 * @returns the struct and the bytes that it takes
 * @throws RangeError when it continues after the bytes, Error for a type that Parquet does not have
 */
export function readStruct(bytes: Uint8Array): { readonly struct: ThriftStruct; readonly size: number } {
  const reader = new Reader(bytes)
  return { struct: reader.struct(0), size: reader.at }
}

class Reader {
  at = 0
  readonly #view: DataView

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  struct(depth: number): ThriftStruct {
    if (depth > MAX_DEPTH) throw new Error('structures are nested too deeply')
    const fields = new Map<number, number | ThriftStruct>()
    let field = 0
    for (;;) {
      const byte = this.#byte()
      const type = byte & 15
      if (type === 0) return fields
      field = byte >> 4 ? field + (byte >> 4) : this.#signed()
      const value = this.#value(type, depth)
      if (value !== undefined) fields.set(field, value)
    }
  }

  #value(type: number, depth: number): number | ThriftStruct | undefined {
    switch (type) {
      case 1:
      case 2:
        return undefined
      case 3:
        this.#skip(1)
        return undefined
      case 4:
      case 5:
      case 6:
        return this.#signed()
      case 7:
        this.#skip(8)
        return undefined
      case 8:
        this.#skip(this.#unsigned())
        return undefined
      case 9:
        this.#list(depth)
        return undefined
      case 12:
        return this.struct(depth + 1)
      default:
        throw new Error(`a field has the unknown type ${type}`)
    }
  }

  #list(depth: number): void {
    const byte = this.#byte()
    const items = byte >> 4 === 15 ? this.#unsigned() : byte >> 4
    // an item takes a byte at least
    if (items > this.#view.byteLength - this.at)
      throw new RangeError(`a list of ${items} items is longer than its container`)
    if (depth >= MAX_DEPTH) throw new Error('lists are nested too deeply')
    const type = byte & 15
    for (let i = 0; i < items; i++) {
      // a boolean in a list is a byte
      if (type === 1 || type === 2) this.#skip(1)
      else this.#value(type, depth + 1)
    }
  }

  #byte(): number {
    return this.#view.getUint8(this.at++)
  }

  #skip(bytes: number): void {
    if (bytes > this.#view.byteLength - this.at) throw new RangeError('a value is longer than its container')
    this.at += bytes
  }

  #unsigned(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte()
      value += (byte & 127) * scale
      if (byte < 128) return value
      if (scale > 2 ** 63) throw new Error('a number has too many bytes')
    }
  }

  #signed(): number {
    const value = this.#unsigned()
    return value % 2 ? -(value + 1) / 2 : value / 2
  }
}
