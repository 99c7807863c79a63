import { nearestName, SkipwiseError } from '@skipwise/core'
import { decoderOf, DTYPE_BYTES } from './dtypes.js'
import type { TensorInfo } from './header.js'
import { readStrided } from './strided.js'

/** Tensors that can be read one at a time; only requested tensors are read from the files. */
export interface TensorSource {
  /** Sorted. */
  readonly names: readonly string[]
  /** `__metadata__` of the file (of the first shard). */
  readonly metadata: Readonly<Record<string, string>>
  has(name: string): boolean
  /** @throws SkipwiseError `CHECKPOINT_TENSOR_MISSING` */
  info(name: string): TensorInfo
  /**
   * A tensor's elements as float32, row-major, as many as its shape has; F64 and integers beyond 2²⁴ are rounded.
   *
   * @throws SkipwiseError `CHECKPOINT_TENSOR_MISSING`, `CHECKPOINT_TRUNCATED`, `CHECKPOINT_DTYPE_UNSUPPORTED` (8-bit
   * floats, complex)
   */
  read(name: string): Promise<Float32Array>
  /** As `read`, row-major in float64: exact for every data type but 64-bit integers beyond 2⁵³. */
  readFloat64(name: string): Promise<Float64Array>
  /**
   * An integer tensor's elements, row-major, for instance token ids.
   *
   * @throws SkipwiseError as `read`; `CHECKPOINT_DTYPE_UNSUPPORTED` also for a tensor of floats or a value beyond 32
   * bits
   */
  readIntegers(name: string): Promise<Int32Array>
  /** A tensor's bytes as in the file, in row-major order. */
  readRaw(name: string): Promise<Uint8Array>
  /** Closes the files; reading afterwards fails. */
  close(): Promise<void>
}

/** Conversions work in pieces of this many bytes, so that a tensor is in memory once and not twice. */
const PIECE_BYTES = 0x1000000

/** Fills `target` from a position of the file on. */
export type ReadBytes = (target: Uint8Array, position: number) => Promise<void>

/** The tensors of one file, given where they are in it. */
export function tensorSource(
  tensors: ReadonlyMap<string, TensorInfo>,
  metadata: Readonly<Record<string, string>>,
  readBytes: ReadBytes,
  close: () => Promise<void>
): TensorSource {
  const info = (name: string) => tensors.get(name) ?? missingTensor(name, [...tensors.keys()])
  const readRaw = async (name: string) => {
    const tensor = info(name)
    const raw = allocate(name, tensor.byteLength, length => new Uint8Array(length))
    if (!tensor.strides) await readBytes(raw, tensor.byteOffset)
    else
      await readStrided({ ...tensor, strides: tensor.strides, elementBytes: DTYPE_BYTES[tensor.dtype] }, readBytes, raw)
    return raw
  }
  /** Reads and converts a tensor piece by piece; a tensor with strides is reordered first. */
  const convert = async <Target extends Float32Array | Float64Array>(
    name: string,
    make: (length: number) => Target
  ): Promise<Target> => {
    const tensor = info(name)
    const decode = decoderOf(tensor.dtype)
    if (!decode) throw unreadable(name, tensor, 'numbers')
    const elementBytes = DTYPE_BYTES[tensor.dtype]
    const target = allocate(name, tensor.byteLength / elementBytes, make)
    if (tensor.strides) {
      decode(await readRaw(name), target, 0)
      return target
    }
    const piece = new Uint8Array(Math.min(PIECE_BYTES, tensor.byteLength))
    for (let done = 0; done < tensor.byteLength; done += PIECE_BYTES) {
      const part = piece.subarray(0, Math.min(PIECE_BYTES, tensor.byteLength - done))
      await readBytes(part, tensor.byteOffset + done)
      decode(part, target, done / elementBytes)
    }
    return target
  }
  return {
    names: [...tensors.keys()].sort(),
    metadata,
    has: name => tensors.has(name),
    info,
    readRaw,
    async read(name) {
      const tensor = info(name)
      // Float32 needs no conversion: its bytes are read into place.
      if (tensor.dtype === 'F32') return new Float32Array((await readRaw(name)).buffer)
      return convert(name, length => new Float32Array(length))
    },
    readFloat64: name => convert(name, length => new Float64Array(length)),
    async readIntegers(name) {
      const tensor = info(name)
      if (!/^([IU]\d+|BOOL)$/.test(tensor.dtype)) throw unreadable(name, tensor, 'integers')
      const values = await convert(name, length => new Float64Array(length))
      const beyond = values.find(value => value !== (value | 0))
      if (beyond !== undefined) throw unreadable(name, tensor, `32-bit integers: it contains ${beyond}`)
      return Int32Array.from(values)
    },
    close
  }
}

/** A sparse file can be larger than memory and still match its header. */
function allocate<Target>(name: string, length: number, make: (length: number) => Target): Target {
  try {
    return make(length)
  } catch (cause) {
    throw new SkipwiseError('CHECKPOINT_TENSOR_TOO_LARGE', {
      problem: `tensor '${name}' of ${length} elements does not fit in memory`,
      fix: 'use a machine with more memory',
      cause
    })
  }
}

const unreadable = (name: string, { dtype, file }: TensorInfo, as: string) =>
  new SkipwiseError('CHECKPOINT_DTYPE_UNSUPPORTED', {
    problem: `${file}: tensor '${name}' of ${dtype} cannot be read as ${as}`,
    fix: 'convert the checkpoint to float32, bfloat16 or float16'
  })

/** With more names than this the nearest one is not searched. */
const MANY_NAMES = 10_000

/** Throws `CHECKPOINT_TENSOR_MISSING`, suggesting the nearest name. */
export function missingTensor(name: string, names: readonly string[]): never {
  const nearest = names.length <= MANY_NAMES ? nearestName(name, names) : undefined
  throw new SkipwiseError('CHECKPOINT_TENSOR_MISSING', {
    problem: `no tensor is called '${name}'${nearest ? `; the nearest is '${nearest}'` : ''}`,
    fix: names.length
      ? `the checkpoint has ${names.length} tensors: list them with \`names\``
      : 'the checkpoint is empty'
  })
}
