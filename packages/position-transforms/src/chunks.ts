import type { PositionedExample, Window } from '@skipwise/core'
import { assertPositionIds } from './checks.js'

/** The chunks of an example; chunk i has its tokens `starts[i]` … `starts[i + 1]` − 1, and may be empty. */
export interface Chunks {
  /** [N + 1], from 0 to T, never decreasing. */
  readonly starts: ArrayLike<number>
  /** u, [N]: position id less index in the example. */
  readonly skips: ArrayLike<number>
  /** v, [N]: index in the document less index in the example. */
  readonly offsets: ArrayLike<number>
}

/**
 * The example with these chunks.
 *
 * @param maskBoundaryLabels exclude the first token of every chunk but the first from the loss
 * @throws SkipwiseError `POSITIONS_INVALID`
 */
export function assemble(
  document: Int32Array,
  { target }: Window,
  { starts, skips, offsets }: Chunks,
  maskBoundaryLabels = false
): PositionedExample {
  const tokens = starts[starts.length - 1]
  const ids = new Int32Array(tokens)
  const positionIds = new Int32Array(tokens)
  const labelMask = new Uint8Array(tokens).fill(1)
  const sources = new Int32Array(tokens)
  for (let i = 0; i + 1 < starts.length; i++) {
    const start = starts[i]
    const end = starts[i + 1]
    const skip = skips[i]
    const offset = offsets[i]
    ids.set(document.subarray(offset + start, offset + end), start)
    for (let t = start; t < end; t++) {
      positionIds[t] = skip + t
      sources[t] = offset + t
    }
    if (maskBoundaryLabels && start < end) labelMask[start] = 0
  }
  labelMask[0] = 0
  assertPositionIds(positionIds, target)
  return { ids, positionIds, labelMask, sources }
}
