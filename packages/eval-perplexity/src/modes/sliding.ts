import type { FedWindow, PerplexityMode, WindowGeometry } from './mode.js'

/**
 * Windows [b_j, e_j) with b_j = j·S and e_j = min(b_j + W′, n), until e_j = n; W′ = W less the special token. Window j
 * scores the tokens [e_{j−1}, e_j), so each token is scored exactly once, and one beyond the first window stands after
 * W′ − S tokens or more.
 */
function* slidingWindows(n: number, { window, stride, prefix }: WindowGeometry): Generator<FedWindow> {
  const length = prefix ? window - 1 : window
  for (let begin = 0, scored = 0; scored < n; begin += stride) {
    const end = Math.min(begin + length, n)
    yield { begin, scored, end, prefix, weight: end - scored }
    scored = end
  }
}

/** The mode to measure with: every token once, all tokens alike. */
export const sliding: PerplexityMode = {
  name: 'sliding',
  sequences: 'documents',
  prefix: 'bos',
  fillsWindow: true,
  stride: 'below-window',
  truncates: true,
  reduce: 'sum',
  base: Math.E,
  windows: slidingWindows
}
