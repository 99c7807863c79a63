/** Tokens [begin, end) of a document are fed; [scored, end) of them are scored. */
export interface ScoredWindow {
  readonly begin: number
  readonly scored: number
  readonly end: number
}

/**
 * Windows [b_j, e_j) with b_j = j·S and e_j = min(b_j + W′, n), until e_j = n. Window j scores the tokens [e_{j−1}, e_j), so each
 * token is scored exactly once, and one beyond the first window stands after W′ − S tokens or more (Press et al., arXiv 2108.12409,
 * appendix B; PoSE src/eval_ppl.py).
 *
 * @param n tokens of the document, without BOS
 * @param length W′: tokens of a window, without BOS
 * @param stride S in [1, W′]; a larger one would skip tokens
 */
export function* slidingWindows(n: number, length: number, stride: number): Generator<ScoredWindow> {
  for (let begin = 0, scored = 0; scored < n; begin += stride) {
    const end = Math.min(begin + length, n)
    yield { begin, scored, end }
    scored = end
  }
}
