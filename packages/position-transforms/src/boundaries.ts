/** Whether a token may begin a chunk when splits are restricted to boundaries; undefined where they may be anywhere. */
export type IsBoundary = ((tokenId: number) => boolean) | undefined

/** Tests for the ids of `splitAt`. */
export function boundaryTest(splitAt: readonly number[]): IsBoundary {
  const ids = new Set(splitAt)
  return splitAt.length > 0 ? id => ids.has(id) : undefined
}

/**
 * The cut nearest to `cut` at a boundary of the text: t in (`after`, `before`) with a boundary at `document[offset +
 * t]`, the lower of two at the same distance; undefined where there is none.
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

/** The last boundary from `lowest` to `place`; `lowest` where there is none. */
export function boundaryBefore(
  document: Int32Array,
  isBoundary: NonNullable<IsBoundary>,
  place: number,
  lowest: number
): number {
  while (place > lowest && !isBoundary(document[place])) place--
  return place
}
