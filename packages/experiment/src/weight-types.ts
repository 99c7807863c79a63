import type { ParameterSpec } from '@skipwise/nn'
import {
  canStore,
  isStored,
  restoreWeight,
  storeWeight,
  type StorageName,
  type StoredWeight,
  type Weight
} from '@skipwise/runtime'

/**
 * How frozen matrices lie in memory. `bf16`: in 16 bits, as bfloat16 and float16 files have them; numbers of a float32
 * file are rounded. `int8` and `int4`: those of the numbered blocks in 8 and 4 bits, embedding and output layer in 16.
 * Vectors are float32 always.
 */
export const weightTypes = ['float32', 'bf16', 'int8', 'int4'] as const
/** A name of {@link weightTypes}. */
export type WeightType = (typeof weightTypes)[number]

/** How a parameter lies in memory: in float32, or stored so. */
export type StorageOf = (parameter: Pick<ParameterSpec, 'name' | 'shape'>) => 'float32' | StoreAs
/** What a file's numbers are stored as; `bfloat16` is float16 of a file in float16. */
export type StoreAs = Exclude<StorageName, 'float16'>

/** Where parameters of a {@link WeightType} lie. */
export const storageOf =
  (type: WeightType): StorageOf =>
  ({ name, shape }) => {
    if (type === 'float32' || !canStore('bfloat16', shape)) return 'float32'
    const isInBlock = /\.\d+\./.test(name)
    return type !== 'bf16' && isInBlock && canStore(type, shape) ? type : 'bfloat16'
  }

/** What storing weights did to their numbers. */
export class StorageError {
  #squares = 0
  #errors = 0

  /** Stores a float32 matrix [rows, columns], row-major, and notes how far off it is. */
  store(data: Float32Array, shape: readonly number[], storage: StoreAs): StoredWeight {
    const stored = storeWeight(data, shape, storage)
    const restored = restoreWeight(stored)
    for (let i = 0; i < data.length; i++) {
      this.#squares += data[i] * data[i]
      this.#errors += (data[i] - restored[i]) * (data[i] - restored[i])
    }
    return stored
  }

  /** ‖restored − given‖ / ‖given‖ over all matrices that were stored; 0 where storing was exact. */
  get relative(): number {
    return this.#squares === 0 ? 0 : Math.sqrt(this.#errors / this.#squares)
  }
}

/** A weight given in float32, as {@link StorageOf} says. */
export function stored(
  data: Float32Array,
  parameter: Pick<ParameterSpec, 'name' | 'shape'>,
  of: StorageOf,
  error: StorageError
): Weight {
  const storage = of(parameter)
  return storage === 'float32' ? data : error.store(data, parameter.shape, storage)
}

/** The bytes of a weight that decide its numbers, in order. */
export const partsOfWeight = (weight: Weight): readonly ArrayBufferView[] =>
  isStored(weight) ? [weight.codes, ...(weight.scales ? [weight.scales] : [])] : [weight]
