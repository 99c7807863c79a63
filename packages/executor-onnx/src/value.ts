import { Tensor } from 'onnxruntime-node'
import { sizeOf, type CodeData, type CodeType, type DType, type HostData, type ValueSpec } from '@skipwise/runtime'

/** A value in host memory, seen by ONNX Runtime without a copy. */
export class OnnxValue implements ValueSpec {
  readonly shape: readonly number[]
  readonly dtype: DType
  readonly codes?: CodeType
  readonly tensor: Tensor

  constructor(
    { shape, dtype, codes }: ValueSpec,
    private readonly held: HostData | CodeData
  ) {
    this.shape = shape
    this.dtype = dtype
    if (codes) this.codes = codes
    this.tensor = new Tensor(codes ?? dtype, held as never, [...shape])
  }

  /** Its numbers; codes are none. */
  get data(): HostData {
    return this.held as HostData
  }

  /** A value for a spec, over `data` or fresh zeros. */
  static of(spec: ValueSpec, data: HostData | CodeData): OnnxValue {
    if (data.length !== sizeOf(spec.shape))
      throw new RangeError(`${data.length} elements do not fill the shape [${spec.shape.join()}]`)
    return new OnnxValue(spec, data)
  }

  /** Memory is the garbage collector's. */
  dispose(): void {}
}
