import { Tensor } from 'onnxruntime-node'
import { sizeOf, type DType, type HostData, type ValueSpec } from '@skipwise/runtime'

/** A value in host memory, seen by ONNX Runtime without a copy. */
export class OnnxValue implements ValueSpec {
  readonly tensor: Tensor

  constructor(
    readonly shape: readonly number[],
    readonly dtype: DType,
    readonly data: HostData
  ) {
    this.tensor = new Tensor(dtype, data as never, [...shape])
  }

  /** A value for a spec, over `data` or fresh zeros. */
  static of({ shape, dtype }: ValueSpec, data: HostData): OnnxValue {
    if (data.length !== sizeOf(shape))
      throw new RangeError(`${data.length} elements do not fill the shape [${shape.join()}]`)
    return new OnnxValue(shape, dtype, data)
  }

  /** Memory is the garbage collector's. */
  dispose(): void {}
}
