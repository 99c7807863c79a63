/** Where the elements of a tensor are in a file. */
export interface StridedLayout {
  /** Of the first element. */
  readonly byteOffset: number
  readonly elementBytes: number
  readonly shape: readonly number[]
  /** In elements. */
  readonly strides: readonly number[]
}

/** The file is read in windows of this many bytes. */
const WINDOW_BYTES = 0x400000

/** Strides of row-major order. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1)
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1] * shape[i + 1]
  return strides
}

/** Whether the elements are contiguous in row-major order. The stride of a dimension of size 1 does not matter. */
export function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  const expected = rowMajorStrides(shape)
  return shape.includes(0) || shape.every((size, i) => size === 1 || strides[i] === expected[i])
}

/**
 * Reads a tensor that is a view with strides, for instance a transposed one, into row-major order. The file is read
 * from front to back, each part once, through one window: only `target` is in memory.
 *
 * @param target the tensor's bytes
 */
export async function readStrided(
  layout: StridedLayout,
  readBytes: (target: Uint8Array, position: number) => Promise<void>,
  target: Uint8Array,
  windowBytes: number = WINDOW_BYTES
): Promise<void> {
  const { byteOffset, elementBytes, shape, strides } = layout
  const targetStrides = rowMajorStrides(shape)
  // In the order of the file: the dimension with the largest stride is outermost.
  const dimensions = shape
    .map((size, i) => ({ size, from: strides[i], to: targetStrides[i] }))
    .filter(({ size }) => size > 1)
    .sort((a, b) => b.from - a.from || b.to - a.to)
  const inner = dimensions.pop() ?? { size: 1, from: 1, to: 1 }
  const index = dimensions.map(() => 0)
  const end = shape.reduce((sum, size, i) => sum + (size - 1) * strides[i], 1)
  const windowElements = Math.floor(windowBytes / elementBytes)
  const out = elementsOf(target, elementBytes)
  let window = out
  let first = 0
  let past = 0
  let from = 0
  let to = 0
  for (;;) {
    for (let i = 0; i < inner.size; i++) {
      const source = from + i * inner.from
      if (source < first || source >= past) {
        first = source
        past = Math.min(end, first + windowElements)
        const bytes = new Uint8Array((past - first) * elementBytes)
        await readBytes(bytes, byteOffset + first * elementBytes)
        window = elementsOf(bytes, elementBytes)
      }
      out[to + i * inner.to] = window[source - first]
    }
    let d = dimensions.length - 1
    for (; d >= 0; d--) {
      from += dimensions[d].from
      to += dimensions[d].to
      if (++index[d] < dimensions[d].size) break
      from -= dimensions[d].size * dimensions[d].from
      to -= dimensions[d].size * dimensions[d].to
      index[d] = 0
    }
    if (d < 0) return
  }
}

/** Arrays indexed by element, copied from one to the other and never interpreted. */
type Elements = { [index: number]: number }

/** Bytes as unsigned integers of an element's width, so that no float is interpreted (a NaN could change). */
function elementsOf({ buffer, byteOffset, byteLength }: Uint8Array, elementBytes: number): Elements {
  if (elementBytes === 1) return new Uint8Array(buffer, byteOffset, byteLength)
  if (elementBytes === 2) return new Uint16Array(buffer, byteOffset, byteLength / 2)
  if (elementBytes === 4) return new Uint32Array(buffer, byteOffset, byteLength / 4)
  return new BigUint64Array(buffer, byteOffset, byteLength / 8) as unknown as Elements
}
