/** Whether a token begins a chunk when splits are kept to boundaries; undefined where they may fall anywhere. */
export type IsBoundary = ((tokenId: number) => boolean) | undefined

/** Tests for the ids of `splitAt`. */
export function boundaryTest(splitAt: readonly number[]): IsBoundary {
  const ids = new Set(splitAt)
  return splitAt.length > 0 ? id => ids.has(id) : undefined
}

/**
 * The cut next to `cut` before which the text splits at a boundary: t in (`after`, `before`) with a boundary at
 * `document[offset + t]`, the lower of two equally near; undefined where there is none.
 */
export function nearestBoundary(
  document: Int32Array,
  isBoundary: NonNullable<IsBoundary>,
  offset: number,
  cut: number,
  after: number,
  before: number
): number | undefined {
  for (let away = 0; cut - away > after || cut + away < before; away++) {
    for (const t of [cut - away, cut + away]) if (t > after && t < before && isBoundary(document[offset + t])) return t
  }
  return undefined
}

/** The last place of a boundary at or before `place` and not before `lowest`; `lowest` where there is none. */
export function boundaryBefore(
  document: Int32Array,
  isBoundary: NonNullable<IsBoundary>,
  place: number,
  lowest: number
): number {
  while (place > lowest && !isBoundary(document[place])) place--
  return place
}
