import { SkipwiseError, type LanguageModel } from '@skipwise/core'
import type { FedWindow } from './modes/mode.js'

/** A sequence's windows of all lengths, and the callbacks for their scores. */
export interface ScoreOptions {
  /** Put before windows that ask for it, and never scored. */
  readonly prefixId: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Called after each pass with the tokens fed. */
  readonly onPass?: ((fed: number) => void) | undefined
}

/** Log probabilities of one window. */
export interface WindowScores {
  /** log p of each scored token, nats, float64. */
  readonly logProbabilities: Float64Array
  /** Tokens fed before the first scored one, the special token included: its position id. */
  readonly context: number
}

/** One window of a sequence among those of other lengths. */
export interface Pass {
  readonly window: FedWindow
  /** Its scores are the beginning of an earlier, longer pass over the same tokens: nothing is fed. */
  readonly shared: boolean
}

const fedLength = ({ begin, end, prefix }: FedWindow): number => end - begin + (prefix ? 1 : 0)

/** Tokens that a pass feeds to the model. */
export const tokensFed = ({ window, shared }: Pass): number => (shared ? 0 : fedLength(window))

/**
 * The passes that windows take, longest beginning first: windows that begin with the sequence see nothing but its
 * beginning, so the longest of them holds the scores of all, exactly, where the model shares prefixes. Windows that
 * begin later share no key or value with one another: every token in them has another position, after other tokens.
 */
export function planPasses(windows: readonly FedWindow[], model: LanguageModel): Pass[] {
  let longest: FedWindow | undefined
  return windows.map(window => {
    if (window.begin !== 0) return { window, shared: false }
    const shared =
      longest !== undefined &&
      longest.prefix === window.prefix &&
      longest.end >= window.end &&
      (model.sharesPrefix?.(fedLength(window), fedLength(longest)) ?? false)
    if (!shared) longest = window
    return { window, shared }
  })
}

/**
 * Scores windows of one sequence, in the order of the passes.
 *
 * @param ids [n], without the special token
 * @throws SkipwiseError `PERPLEXITY_NOT_FINITE`, `PERPLEXITY_SCORE_LENGTH`
 */
export async function* scorePasses(
  model: LanguageModel,
  ids: Int32Array,
  passes: readonly Pass[],
  { prefixId, signal, onPass }: ScoreOptions
): AsyncGenerator<WindowScores> {
  let beginning = new Float64Array(0)
  for (const [i, { window, shared }] of passes.entries()) {
    signal?.throwIfAborted()
    const offset = window.prefix ? 1 : 0
    // Token k of the sequence is fed[offset + k − begin], and the element before that of the log probabilities speaks
    // of it.
    const from = Math.max(offset + window.scored - window.begin - 1, 0)
    if (!shared) {
      const fed = new Int32Array(fedLength(window))
      if (window.prefix) fed[0] = prefixId as number
      fed.set(ids.subarray(window.begin, window.end), offset)
      const scores = await scoreFinite(model, fed, from, window, signal)
      if (window.begin === 0 && passes.slice(i + 1).some(later => later.shared)) beginning = scores
      onPass?.(fed.length)
      yield { logProbabilities: scores.subarray(from), context: from + 1 }
    } else yield { logProbabilities: beginning.subarray(from, fedLength(window) - 1), context: from + 1 }
  }
}

async function scoreFinite(
  model: LanguageModel,
  fed: Int32Array,
  from: number,
  { begin, prefix }: FedWindow,
  signal: AbortSignal | undefined
): Promise<Float64Array<ArrayBuffer>> {
  if (fed.length < 2) return new Float64Array(0)
  const scores = await model.score(fed, signal ? { from, signal } : { from })
  if (scores.length !== fed.length - 1) {
    throw new SkipwiseError('PERPLEXITY_SCORE_LENGTH', {
      problem: `${model.name} returned ${scores.length} log probabilities for ${fed.length} tokens`,
      fix: 'return one for each token after the first'
    })
  }
  for (let t = from; t < scores.length; t++) {
    if (!Number.isFinite(scores[t])) {
      throw new SkipwiseError('PERPLEXITY_NOT_FINITE', {
        problem: `${model.name} returned log probability ${scores[t]} for token ${begin - (prefix ? 1 : 0) + t + 1} in a window of ${fed.length}`,
        fix: 'check the weights for NaN, and that the attention and the softmax are finite at this length'
      })
    }
  }
  return scores as Float64Array<ArrayBuffer>
}
