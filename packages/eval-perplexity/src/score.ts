import { SkipwiseError, type LanguageModel } from '@skipwise/core'
import type { DocumentScore } from './bootstrap.js'
import { slidingWindows, type ScoredWindow } from './windows.js'

/** How one document is scored at one window length. */
export interface ScoreOptions {
  /** W in tokens, BOS included. */
  readonly window: number
  /** S in [1, W − 1]. */
  readonly stride: number
  /** Put before every window and never scored; undefined for none, then the document's first token is not scored either. */
  readonly bosId: number | undefined
  readonly signal?: AbortSignal
  /** Called after each window with the tokens fed. */
  readonly onWindow?: (fed: number) => void
}

/** Windows of a document of `n` tokens under `options`. */
export const windowsOf = (n: number, { window, stride, bosId }: Pick<ScoreOptions, 'window' | 'stride' | 'bosId'>): Generator<ScoredWindow> =>
  slidingWindows(n, bosId === undefined ? window : window - 1, stride)

/**
 * Negative log-likelihood of a document by sliding window, summed in float64.
 *
 * @param ids tokens of the document, [n], without BOS
 * @returns `tokens`: n with BOS, n − 1 without
 * @throws SkipwiseError `PERPLEXITY_NOT_FINITE`, `PERPLEXITY_SCORE_LENGTH`
 */
export async function scoreDocument(model: LanguageModel, ids: Int32Array, options: ScoreOptions): Promise<DocumentScore> {
  const { bosId, signal } = options, bos = bosId === undefined ? 0 : 1
  let nll = 0, tokens = 0
  for (const { begin, scored, end } of windowsOf(ids.length, options)) {
    signal?.throwIfAborted()
    const fed = new Int32Array(bos + end - begin)
    if (bosId !== undefined) fed[0] = bosId
    fed.set(ids.subarray(begin, end), bos)
    // Token i of the document is fed[bos + i − begin], and element bos + i − begin − 1 of the log probabilities speaks of it.
    const from = Math.max(bos + scored - begin - 1, 0)
    const logProbabilities = await model.score(fed, signal ? { from, signal } : { from })
    if (logProbabilities.length !== fed.length - 1) {
      throw new SkipwiseError('PERPLEXITY_SCORE_LENGTH', {
        problem: `${model.name} gave ${logProbabilities.length} log probabilities for ${fed.length} tokens`,
        fix: 'return one for each token after the first'
      })
    }
    for (let t = from; t < logProbabilities.length; t++) {
      if (!Number.isFinite(logProbabilities[t])) {
        throw new SkipwiseError('PERPLEXITY_NOT_FINITE', {
          problem: `${model.name} gave log probability ${logProbabilities[t]} to token ${begin - bos + t + 1} in a window of ${options.window}`,
          fix: 'check the weights for NaN, and that the attention and the softmax are finite at this length'
        })
      }
      nll -= logProbabilities[t]
      tokens++
    }
    options.onWindow?.(fed.length)
  }
  return { nll, tokens }
}
