import { Tensor } from 'onnxruntime-node'
import { sizeOf, valueHasEnded, type DType, type HostData, type ValueSpec } from '@skipwise/runtime'

/**
 * A value in host memory or on a GPU, where ONNX Runtime put it; a copy between the two takes the place of the other.
 */
export class DeviceValue implements ValueSpec {
  readonly shape: readonly number[]
  readonly dtype: DType
  #held: DeviceTensor | undefined

  constructor({ shape, dtype }: ValueSpec, held: DeviceTensor) {
    this.shape = [...shape]
    this.dtype = dtype
    this.#held = held
  }

  static ofHost({ shape, dtype }: ValueSpec, data: HostData): DeviceValue {
    if (data.length !== sizeOf(shape))
      throw new RangeError(`${data.length} elements do not fill the shape [${shape.join()}]`)
    return new DeviceValue({ shape, dtype }, { tensor: new Tensor(dtype, data as never, [...shape]), free: () => {} })
  }

  /** @throws RangeError after its end */
  get tensor(): Tensor {
    if (!this.#held) throw valueHasEnded()
    return this.#held.tensor
  }

  get isOnHost(): boolean {
    return this.tensor.location === 'cpu'
  }

  /** Puts another tensor in the place of this one. */
  replace(held: DeviceTensor): void {
    this.dispose()
    this.#held = held
  }

  dispose(): void {
    this.#held?.free()
    this.#held = undefined
  }
}

/** A tensor, and what frees its memory; call it once. */
export interface DeviceTensor {
  readonly tensor: Tensor
  free(): void
}
