/** Something of a size, and the tokens it needs. */
export interface Measured {
  readonly need: number
}

/**
 * The largest size whose need is within a limit. The need is almost linear in the size, so a few secant steps come
 * near, and single units finish; each step makes and encodes a whole document. Ends for any tokenizer: sizes only fall,
 * and then only rise.
 *
 * @param smallest a size that fits, and what it makes
 */
export function largestThatFits<M extends Measured>(
  measure: (size: number) => M,
  limit: number,
  smallest: { readonly size: number; readonly made: M },
  step: number
): M {
  let { size, made } = smallest
  let perUnit = (measure(size + step).need - made.need) / step || 1
  for (let tries = 0; tries < 6; tries++) {
    const next = Math.max(size + Math.floor((limit - made.need) / perUnit), smallest.size)
    if (next === size) break
    const moved = measure(next)
    perUnit = Math.max((moved.need - made.need) / (next - size), 0.25) || perUnit
    size = next
    made = moved
  }
  while (made.need > limit && size > smallest.size) made = measure(--size)
  for (let more = measure(size + 1); more.need <= limit; more = measure(size + 1)) {
    made = more
    size++
  }
  return made
}
