/**
 * How far numbers may lie from what is expected: `|actual − expected| ≤ absolute + relative · |expected|`, as in
 * `numpy.allclose`.
 */
export interface Tolerance {
  /** Default 0. */
  readonly absolute?: number
  /** Default 0. */
  readonly relative?: number
}

/**
 * What {@link compareAllclose} finds; `worst` is the element furthest outside the tolerance, or the furthest off when
 * all are inside.
 */
export interface AllcloseResult {
  readonly pass: boolean
  /** Elements outside the tolerance. */
  readonly outside: number
  readonly worst: { readonly index: number; readonly actual: number; readonly expected: number } | undefined
  /** One sentence for a test report. */
  readonly message: string
}

/** Compares two lists of numbers element by element. Equal infinities are close; NaN is close to nothing. */
export function compareAllclose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { absolute = 0, relative = 0 }: Tolerance = {}
): AllcloseResult {
  if (actual.length !== expected.length) {
    return {
      pass: false,
      outside: 0,
      worst: undefined,
      message: `${actual.length} numbers, expected ${expected.length}`
    }
  }
  let outside = 0
  let worst = -1
  let worstExcess = -Infinity
  for (let i = 0; i < actual.length; i++) {
    const excess =
      actual[i] === expected[i]
        ? -Infinity
        : Math.abs(actual[i] - expected[i]) - (absolute + (relative && relative * Math.abs(expected[i])))
    if (!(excess <= 0)) outside++
    // a NaN is the worst that can be
    if (worst < 0 || excess > worstExcess || (Number.isNaN(excess) && !Number.isNaN(worstExcess))) {
      worst = i
      worstExcess = excess
    }
  }
  const at = worst < 0 ? undefined : { index: worst, actual: actual[worst], expected: expected[worst] }
  const found = at
    ? `the worst is [${at.index}]: ${at.actual}, expected ${at.expected}, off by ${Math.abs(at.actual - at.expected)}`
    : 'there are no elements'
  return {
    pass: outside === 0,
    outside,
    worst: at,
    message: `${outside} of ${actual.length} elements are further off than ${absolute} + ${relative}·|expected|; ${found}`
  }
}

/**
 * Vitest matchers; a test file asks for them with `expect.extend(matchers)`.
 *
 * @example
 * ```ts
 * expect.extend(matchers)
 * expect(logits).toBeAllclose(golden, { absolute: 1e-4 })
 * ```
 */
export const matchers = {
  toBeAllclose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance?: Tolerance) {
    const { pass, message, worst } = compareAllclose(actual, expected, tolerance)
    return { pass, message: () => message, ...(worst ? { actual: worst.actual, expected: worst.expected } : {}) }
  }
}

declare module 'vitest' {
  // vitest's own type parameter
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  interface Matchers<T = any> {
    /** Every element within `absolute + relative · |expected|` of the one expected; needs `expect.extend(matchers)`. */
    toBeAllclose(expected: ArrayLike<number>, tolerance?: Tolerance): T
  }
}
