import type { HostData, CodeData, ValueSpec } from '@skipwise/runtime'
import type { TensorFlowType } from './graph-def.js'

/** A tensor of TensorFlow. */
export interface TensorSpec {
  readonly type: TensorFlowType
  readonly shape: readonly number[]
}

/** How a value lies in TensorFlow. Codes are bytes, since the addon takes no other arrays: two for those of 16 bits. */
export function tensorOf({ shape, dtype, codes }: ValueSpec): TensorSpec {
  if (codes === undefined) return { type: dtype, shape }
  return { type: 'uint8', shape: codes === 'uint16' ? [...shape, 2] : shape }
}

/** The bytes of codes, other data as they are. */
export const bytesOfCodes = ({ codes }: ValueSpec, data: HostData | CodeData): HostData =>
  codes === undefined
    ? (data as HostData)
    : new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)
