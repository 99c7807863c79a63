import { SkipwiseError, type Window } from '@skipwise/core'

/** Position ids are int32. */
const MAX_WINDOW = 2 ** 31 - 1

/** @throws SkipwiseError `POSITIONS_WINDOW` */
export function checkWindow({ original, target }: Window): void {
  if (
    Number.isInteger(original) &&
    Number.isInteger(target) &&
    original >= 1 &&
    original <= target &&
    target <= MAX_WINDOW
  )
    return
  throw new SkipwiseError('POSITIONS_WINDOW', {
    problem: `the original window is ${original} and the target is ${target}`,
    fix: 'give integers with 1 ≤ original ≤ target < 2³¹'
  })
}

/** @throws SkipwiseError `POSITIONS_WINDOW` */
export function checkChunks(chunks: number, tokens: number): void {
  if (chunks <= tokens) return
  throw new SkipwiseError('POSITIONS_WINDOW', {
    problem: `${chunks} chunks do not fit into ${tokens} tokens`,
    fix: 'use at most one chunk per token'
  })
}

/** The fewest document tokens of a transform that takes one whole window. @throws SkipwiseError `POSITIONS_WINDOW` */
export function oneWindow(window: Window): number {
  checkWindow(window)
  return window.original
}

/** @throws SkipwiseError `POSITIONS_DOCUMENT_SHORT` */
export function checkDocument(document: Int32Array, minimum: number): void {
  if (document.length >= minimum) return
  throw new SkipwiseError('POSITIONS_DOCUMENT_SHORT', {
    problem: `a document has ${document.length} tokens, and an example needs ${minimum}`,
    fix: `remove documents of fewer than ${minimum} tokens, or train with a smaller window`
  })
}

/**
 * Asserts what training relies on: position ids increase strictly, from at least 0 to below `target`.
 *
 * @param positionIds [T]
 * @throws SkipwiseError `POSITIONS_INVALID`, naming the first element that is wrong
 */
export function assertPositionIds(positionIds: Int32Array, target: number): void {
  let previous = -1
  for (let t = 0; t < positionIds.length; t++) {
    const position = positionIds[t]
    if (position <= previous || position >= target) {
      throw new SkipwiseError('POSITIONS_INVALID', {
        problem: `position id ${t} is ${position}, after ${previous} and with a target window of ${target}`,
        fix: 'correct the position transform: ids must increase strictly and stay below the target'
      })
    }
    previous = position
  }
}
