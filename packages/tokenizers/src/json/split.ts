/** What happens to a match when a text is split by an expression, in the terms of the Rust library. */
export type SplitBehavior = 'Isolated' | 'Removed' | 'Contiguous' | 'MergedWithPrevious' | 'MergedWithNext'

export const SPLIT_BEHAVIORS = ['Isolated', 'Removed', 'Contiguous', 'MergedWithPrevious', 'MergedWithNext'] as const

/** Called with each part of a text: its start and end, and whether it is a match. */
export type PartVisitor = (start: number, end: number, isMatch: boolean) => void

/**
 * Creates a function that finds the matches of an expression in a text and the parts between them, as `find_iter` of
 * the Rust bindings of Oniguruma: an empty match directly after a match does not count.
 *
 * @param source expression for the flag v
 */
export function partFinder(source: string): (text: string, visit: PartVisitor) => void {
  // A sticky test finds a match without creating an array: most matches begin where the last one ended.
  const next = new RegExp(source, 'vy')
  const later = new RegExp(source, 'vg')
  return (text, visit) => {
    let done = 0
    let lastEnd = -1
    for (let at = 0; at <= text.length;) {
      let start = at
      next.lastIndex = at
      if (!next.test(text)) {
        later.lastIndex = at
        const match = later.exec(text)
        if (!match) break
        start = match.index
        next.lastIndex = later.lastIndex
      }
      const end = next.lastIndex
      if (end === start && end === lastEnd) {
        at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
        continue
      }
      if (done < start) visit(done, start, false)
      visit(start, end, true)
      done = end
      lastEnd = end
      at = end
    }
    if (done < text.length) visit(done, text.length, false)
  }
}

/**
 * Joins parts according to a behaviour (`NormalizedString::split`).
 *
 * @param emit called with the start and end of each piece
 * @returns functions to call with each part, and after the last one
 */
export function joinParts(
  behavior: SplitBehavior,
  emit: (start: number, end: number) => void
): { readonly visit: PartVisitor; readonly finish: () => void } {
  // The piece that the next part may still be added to.
  let open = false
  let from = 0
  let to = 0
  let wasMatch = false
  const flush = () => {
    if (open) emit(from, to)
    open = false
  }
  const begin = (start: number, end: number) => {
    flush()
    open = true
    from = start
    to = end
  }
  const joins: Record<SplitBehavior, (isMatch: boolean) => boolean> = {
    Isolated: () => false,
    Removed: () => false,
    Contiguous: isMatch => isMatch === wasMatch,
    MergedWithPrevious: isMatch => isMatch && !wasMatch,
    MergedWithNext: isMatch => !isMatch && wasMatch
  }
  const joinsLast = joins[behavior]
  return {
    visit(start, end, isMatch) {
      if (behavior === 'Removed' && isMatch) return
      if (open && joinsLast(isMatch)) to = end
      else begin(start, end)
      wasMatch = isMatch
    },
    finish() {
      flush()
      wasMatch = false
    }
  }
}
