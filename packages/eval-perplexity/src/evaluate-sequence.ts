import type { LanguageModel } from '@skipwise/core'
import type { PerplexityConfig } from './config.js'
import { bytesOf } from './documents.js'
import type { PerplexityMode } from './modes/mode.js'
import { planPasses, scorePasses, type Pass, type ScoreOptions } from './score.js'
import { windowsOf, type Sequence } from './sequences.js'
import { Tally, type SequenceScore } from './tally.js'

/** A sequence's score at one window length; bytes and words of what was scored, where every token was scored once. */
export interface WindowScore extends SequenceScore {
  readonly bytes?: number
  readonly words?: number
}

/** A pass, and which of the configured window lengths it is of. */
export type PlannedPass = Pass & { readonly index: number }

/** All passes of a sequence, the longest windows first. */
export function planSequence(
  mode: PerplexityMode,
  sequence: Sequence,
  config: PerplexityConfig,
  model: LanguageModel
): PlannedPass[] {
  const order = config.windows.map((window, index) => ({ window, index })).sort((a, b) => b.window - a.window)
  const windows = order.flatMap(({ window, index }) =>
    windowsOf(mode, sequence, window, config).map(fed => ({ fed, index }))
  )
  return planPasses(
    windows.map(({ fed }) => fed),
    model
  ).map((pass, i) => ({ ...pass, index: windows[i].index }))
}

/** Scores a sequence at every window length, in the order of the configuration. */
export async function evaluateSequence(
  mode: PerplexityMode,
  sequence: Sequence,
  config: PerplexityConfig,
  model: LanguageModel,
  options: Omit<ScoreOptions, 'prefixId'>
): Promise<WindowScore[]> {
  const { ids, prefixId, document } = sequence
  const passes = planSequence(mode, sequence, config, model)
  const tallies = config.windows.map(() => new Tally(mode))
  const ends = config.windows.map(() => 0)
  let i = 0
  for await (const scores of scorePasses(model, ids, passes, { ...options, prefixId })) {
    const { index, window } = passes[i++]
    tallies[index].add(scores, window)
    ends[index] = window.end
  }
  return tallies.map(({ score }, w) => {
    if (!document || mode.reduce !== 'sum') return score
    // BOS in front of the document's own tokens (lm-eval) has no text.
    const own = ids.length - document.ids.length
    const end = ends[w] - own
    return {
      ...score,
      bytes: bytesOf(model.tokenizer, document, prefixId === undefined ? 1 : 0, end),
      words: document.words
    }
  })
}
