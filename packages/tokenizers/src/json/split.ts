/** What becomes of a match when a text is split by an expression, as the Rust library names it. */
export type SplitBehavior = 'Isolated' | 'Removed' | 'Contiguous' | 'MergedWithPrevious' | 'MergedWithNext'

export const SPLIT_BEHAVIORS = ['Isolated', 'Removed', 'Contiguous', 'MergedWithPrevious', 'MergedWithNext'] as const

/** Told each part of a text: where it begins and ends, and whether it is a match. */
export type PartVisitor = (start: number, end: number, isMatch: boolean) => void

/**
 * Makes what finds the matches of an expression in a text, and what lies between them, as `find_iter` of the Rust
 * bindings of Oniguruma: an empty match does not count directly behind a match.
 *
 * @param source for the flag v
 */
export function partFinder(source: string): (text: string, visit: PartVisitor) => void {
  // A sticky test says where a match begins without an array for each: most matches begin where the last has ended.
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
 * Puts parts together as a behaviour says (`NormalizedString::split`).
 *
 * @param emit told where each piece begins and ends
 * @returns for the parts, and for when there are no more
 */
export function joinParts(
  behavior: SplitBehavior,
  emit: (start: number, end: number) => void
): { readonly visit: PartVisitor; readonly finish: () => void } {
  // The piece that the next part may still belong to.
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
