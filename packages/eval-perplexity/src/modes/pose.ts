import type { FedWindow, PerplexityMode, WindowGeometry } from './mode.js'

/**
 * PoSE's src/eval_ppl.py: windows as {@link slidingWindows} makes them, each counting its mean as often as it has new
 * tokens, in float64. Its two slips come along: a stride beyond the window skips tokens and still counts them, and
 * without BOS the first window counts a token that it cannot score.
 */
export const pose: PerplexityMode = {
  name: 'pose',
  sequences: 'documents',
  prefix: 'bos',
  fillsWindow: true,
  stride: 'any',
  truncates: true,
  reduce: 'mean',
  base: Math.E,
  windows: poseWindows
}

/** As the sliding windows, for any stride: one that skips tokens leaves them unscored. */
export function* poseWindows(n: number, { window, stride, prefix }: WindowGeometry): Generator<FedWindow> {
  const length = prefix ? window - 1 : window
  for (let begin = 0, before = 0; begin < n && before < n; begin += stride) {
    const end = Math.min(begin + length, n)
    yield { begin, scored: Math.max(before, begin), end, prefix, weight: end - before }
    before = end
  }
}
