import type { FedWindow, PerplexityMode, WindowGeometry } from './mode.js'

/**
 * Press et al. (Shortformer, arXiv 2012.15832, section 2; ALiBi, 2108.12409, appendix B) as fairseq computes it:
 * documents joined with EOS after each, EOS before the first token, S tokens scored at a time after at most W − S
 * others. W counts the tokens that are fed.
 */
export const press: PerplexityMode = {
  name: 'press',
  sequences: 'stream-eos',
  prefix: 'eos',
  fillsWindow: false,
  stride: 'below-window',
  truncates: false,
  reduce: 'sum',
  base: Math.E,
  windows: contextWindows
}

function* contextWindows(n: number, { window, stride }: WindowGeometry): Generator<FedWindow> {
  const context = window - stride
  // While the context grows from nothing, a block sees everything before it: those blocks are one window, computed
  // in one pass.
  let scored = 0
  let end = Math.min(n, Math.floor(context / stride) * stride + stride)
  yield { begin: 0, scored, end, prefix: true, weight: end }
  for (scored = end; scored < n; scored = end) {
    end = Math.min(n, scored + stride)
    // The input of a token is the one before it, so the context begins one token earlier than the tokens it predicts.
    yield { begin: scored - context - 1, scored, end, prefix: false, weight: end - scored }
  }
}
