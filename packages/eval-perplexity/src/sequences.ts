import { SkipwiseError, type LanguageModel } from '@skipwise/core'
import type { PerplexityConfig } from './config.js'
import { bytesOf, type EvaluatedDocument } from './documents.js'
import type { FedWindow, PerplexityMode } from './modes/mode.js'
import { planPasses, scorePasses, type Pass, type ScoreOptions } from './score.js'
import { Tally, type SequenceScore } from './tally.js'

/** What windows run over: one document, or all of them joined. */
export interface Sequence {
  /** [n], without the special token of the mode. */
  readonly ids: Int32Array
  /** Special token before windows that ask for it. */
  readonly prefixId: number | undefined
  /** The document, where the sequence is one. */
  readonly document?: EvaluatedDocument
}

/** BOS by a policy. @throws SkipwiseError `PERPLEXITY_NO_BOS` */
export function chooseBos(policy: PerplexityConfig['bos'], { name, tokenizer }: LanguageModel): number | undefined {
  if (policy === 'never' || (policy === 'tokenizer' && !tokenizer.addBos)) return undefined
  if (tokenizer.bosId === undefined && policy === 'always')
    throw noSpecial(`the tokenizer of ${name} has no BOS token`, "set bos to 'tokenizer' or 'never'")
  return tokenizer.bosId
}

/** The sequences of a mode, in order. @throws SkipwiseError `PERPLEXITY_NO_BOS` */
export function sequencesOf(
  mode: PerplexityMode,
  bosId: number | undefined,
  documents: readonly EvaluatedDocument[],
  { name, tokenizer }: LanguageModel
): Sequence[] {
  const { eosId } = tokenizer
  switch (mode.prefix) {
    case 'bos':
      return documents.map(document => ({ ids: document.ids, prefixId: bosId, document }))
    case 'bos-or-eos': {
      const prefixId = tokenizer.bosId ?? eosId
      if (prefixId === undefined)
        throw noSpecial(
          `the tokenizer of ${name} has neither BOS nor EOS`,
          `mode ${mode.name} needs one before the first token: use another mode`
        )
      return documents.map(document => ({
        ids: bosId === undefined ? document.ids : Int32Array.of(bosId, ...document.ids),
        prefixId,
        document
      }))
    }
    case 'eos':
      if (eosId === undefined)
        throw noSpecial(
          `the tokenizer of ${name} has no EOS token`,
          `mode ${mode.name} joins documents with it: use another mode`
        )
      return [{ ids: join(documents, [eosId]), prefixId: eosId }]
    case 'none':
      return [{ ids: join(documents, []), prefixId: undefined }]
  }
}

/** Windows of W over a sequence; none where it is too short for any. */
function windowsOf(
  mode: PerplexityMode,
  { ids, prefixId }: Sequence,
  window: number,
  { stride = window, truncate }: Pick<PerplexityConfig, 'stride' | 'truncate'>
): FedWindow[] {
  const prefix = prefixId !== undefined
  const n = truncate ? Math.min(ids.length, window - (prefix ? 1 : 0)) : ids.length
  return [...mode.windows(n, { window, stride, prefix })]
}

function join(documents: readonly EvaluatedDocument[], behind: readonly number[]): Int32Array {
  const all = new Int32Array(documents.reduce((sum, { ids }) => sum + ids.length + behind.length, 0))
  let at = 0
  for (const { ids } of documents) {
    all.set(ids, at)
    all.set(behind, at + ids.length)
    at += ids.length + behind.length
  }
  return all
}

const noSpecial = (problem: string, fix: string) => new SkipwiseError('PERPLEXITY_NO_BOS', { problem, fix })

/** A sequence's score at one window length; bytes and words of what was scored, where every token was scored once. */
export interface WindowScore extends SequenceScore {
  readonly bytes?: number
  readonly words?: number
}

/** A pass, and which of the configured window lengths it is of. */
type PlannedPass = Pass & { readonly index: number }

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
