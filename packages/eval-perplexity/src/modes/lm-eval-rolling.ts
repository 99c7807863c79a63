import type { FedWindow, PerplexityMode, WindowGeometry } from './mode.js'

/**
 * lm-evaluation-harness, `loglikelihood_rolling`: disjoint windows of W predicted tokens, BOS (or else EOS) before the
 * first alone, so that every window but the last begins with almost no context. There is no stride. From version
 * 0.4.9.2 on the text begins with BOS itself where the tokenizer puts one, which is then predicted from BOS
 * (`bos: 'tokenizer'`); before, it did not (`bos: 'never'`).
 */
export const lmEvalRolling: PerplexityMode = {
  name: 'lm-eval-rolling',
  sequences: 'documents',
  prefix: 'bos-or-eos',
  fillsWindow: false,
  stride: 'none',
  truncates: false,
  reduce: 'sum',
  base: Math.E,
  windows: rollingWindows
}

function* rollingWindows(n: number, { window }: WindowGeometry): Generator<FedWindow> {
  let end = Math.min(window, n)
  yield { begin: 0, scored: 0, end, prefix: true, weight: end }
  while (end < n) {
    const scored = end
    end = Math.min(scored + window, n)
    // The last window is filled up with context from the left; the token before the first predicted one is its input.
    yield { begin: end - window - 1, scored, end, prefix: false, weight: end - scored }
  }
}
