import { valueHasEnded, type CodeType, type DType, type ValueSpec } from '@skipwise/runtime'

/** Where the numbers of a value are: in a tensor of the addon, or in a variable of the session. */
export type ValuePlace =
  { readonly tensor: number; readonly slot?: undefined } | { readonly slot: Slot; readonly tensor?: undefined }

/** A value; the device keeps it, and moves it between the two places. */
export class TensorFlowValue implements ValueSpec {
  readonly shape: readonly number[]
  readonly dtype: DType
  readonly codes?: CodeType
  /** Runs that took it as an input. */
  uses = 0

  constructor(
    { shape, dtype, codes }: ValueSpec,
    public place: ValuePlace | undefined,
    private readonly release: (value: TensorFlowValue) => void
  ) {
    this.shape = [...shape]
    this.dtype = dtype
    if (codes) this.codes = codes
  }

  dispose(): void {
    this.release(this)
  }
}

/** Where a value is. @throws RangeError after its end */
export function placeOf(value: TensorFlowValue): ValuePlace {
  if (!value.place) throw valueHasEnded()
  return value.place
}

/** A variable of the session: what programs that call a value by one name share, without its leaving the device. */
export interface Slot extends ValueSpec {
  /** Name of its nodes. */
  readonly node: string
  /** Whether a program changes it: weights, optimizer state, caches. */
  state: boolean
  occupant?: TensorFlowValue
}
