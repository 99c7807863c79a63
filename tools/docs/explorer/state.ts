// What the page shows, as a value: read from the address, written to it.

/** Everything that determines what the page shows. */
export interface State {
  /** L_c */
  readonly train: number
  /** L_t */
  readonly target: number
  /** N, of position transforms that have it. */
  readonly chunks: number
  /** Name of a position transform. */
  readonly positions: string
  /** Name of an interpolation scheme. */
  readonly scheme: string
  /** R */
  readonly dimensions: number
  /** b */
  readonly base: number
  readonly seed: number
}

/** The paper's own case. */
const initial: State = {
  train: 2048,
  target: 16384,
  chunks: 2,
  positions: 'pose',
  scheme: 'yarn',
  dimensions: 128,
  base: 10000,
  seed: 0
}

/** Bounds of the numbers; a page must not be made to compute for minutes by a link. */
export const bounds: Readonly<
  Record<'train' | 'target' | 'chunks' | 'dimensions' | 'base' | 'seed', readonly [number, number]>
> = {
  train: [2, 131072],
  target: [2, 1048576],
  chunks: [1, 64],
  dimensions: [2, 512],
  base: [2, 1e9],
  seed: [0, 2 ** 32 - 1]
}

/** The number that is nearest within its bounds, and whole; undefined for no number. */
export function bounded(key: keyof typeof bounds, text: string): number | undefined {
  const value = Number(text)
  const [least, most] = bounds[key]
  if (text.trim() === '' || !Number.isFinite(value)) return undefined
  const whole = Math.min(most, Math.max(least, Math.round(value)))
  return key === 'dimensions' ? whole - (whole % 2) : whole
}

/**
 * @param search of an address, with or without `?`
 * @param known names that are accepted; others are left out
 */
export function fromSearch(
  search: string,
  known: { readonly positions: readonly string[]; readonly schemes: readonly string[] }
): State {
  const given = new URLSearchParams(search)
  const state: Record<string, string | number> = { ...initial }
  for (const key of Object.keys(bounds) as (keyof typeof bounds)[]) {
    const value = bounded(key, given.get(key) ?? '')
    if (value !== undefined) state[key] = value
  }
  const { positions, scheme } = Object.fromEntries(given)
  if (known.positions.includes(positions)) state['positions'] = positions
  if (known.schemes.includes(scheme)) state['scheme'] = scheme
  // every key of `initial` is there, and each was written with its own type
  return state as unknown as State
}

/** The state as the search part of an address, without what is as it was at first. */
export function toSearch(state: State): string {
  const changed = Object.entries(state).filter(([key, value]) => value !== initial[key as keyof State])
  return changed.length === 0 ? '' : `?${new URLSearchParams(changed.map(([key, value]) => [key, String(value)]))}`
}
