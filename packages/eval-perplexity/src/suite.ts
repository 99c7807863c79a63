import { createHash } from 'node:crypto'
import {
  metricAt,
  resultOfShard,
  SkipwiseError,
  type EvalContext,
  type EvalResult,
  type LanguageModel,
  withoutUndefined
} from '@skipwise/core'
import { bootstrapInterval } from '@skipwise/evaluation'
import type { PerplexityConfig } from './config.js'
import { selectDocuments } from './documents.js'
import { chooseBos, evaluateSequence, planSequence, sequencesOf, type Sequence, type WindowScore } from './sequences.js'
import { modeOf } from './modes/index.js'
import type { PerplexityMode } from './modes/mode.js'
import type { PerplexityDetails, WindowResult } from './result.js'
import { tokensFed } from './score.js'
import { mergePositions, perplexityOf } from './tally.js'

/** Version of this suite's arithmetic, the `version` of its results. */
export const PERPLEXITY_VERSION = 2

/** Evaluates `model` at every window length, all on the same documents. */
export async function runPerplexity(
  config: PerplexityConfig,
  model: LanguageModel,
  context: EvalContext
): Promise<EvalResult> {
  const mode = modeOf(config.mode)
  const bosId = chooseBos(config.bos, model)
  const { documents, tooShort } = await selectDocuments(
    config,
    model.tokenizer,
    bosId === undefined ? 0 : 1,
    context.resolvePath,
    context.signal
  )
  const sequences = sequencesOf(mode, bosId, documents, model)
  checkWindows(mode, sequences, config, model)
  const scores = await evaluateSequences(mode, sequences, config, model, context)
  const described = { suite: 'perplexity', version: PERPLEXITY_VERSION, model: model.name, config }
  if (context.only) return resultOfShard(described)
  const windows = config.windows.map((window, w) =>
    windowResult(
      window,
      scores.map(sequence => sequence[w]),
      mode,
      config,
      context.seed
    )
  )
  const details: PerplexityDetails = withoutUndefined({
    maxLength: model.maxLength,
    bos: bosId !== undefined,
    stride: config.stride,
    documents: documents.map(({ source, sha256, ids }) => ({ source, sha256, tokens: ids.length })),
    tooShort,
    windows
  })
  return {
    ...described,
    metrics: Object.fromEntries(windows.flatMap(metricsOf)),
    details
  }
}

/** Runs all windows of one sequence after another: a sequence is what an interrupted run does not repeat. */
async function evaluateSequences(
  mode: PerplexityMode,
  sequences: readonly Sequence[],
  config: PerplexityConfig,
  model: LanguageModel,
  { progress, signal, remember, only }: EvalContext
): Promise<WindowScore[][]> {
  const work = sequences.map(sequence =>
    planSequence(mode, sequence, config, model).reduce((sum, pass) => sum + tokensFed(pass), 0)
  )
  const task = 'perplexity'
  const total = work.reduce((sum, fed) => sum + fed, 0)
  const largest = config.windows.indexOf(Math.max(...config.windows))
  const scores: WindowScore[][] = []
  let done = 0
  const report = () =>
    progress?.({
      task,
      done,
      total,
      unit: 'tokens',
      metrics: scores.length > 0 ? { perplexity: perplexityOf(scores.map(each => each[largest])) } : undefined
    })
  report()
  for (const [i, sequence] of sequences.entries()) {
    signal?.throwIfAborted()
    const unit = `${i} ${digestOfIds(sequence.ids)}`
    if (only?.(unit) === false) continue
    const before = done
    const onPass = (fed: number) => {
      done += fed
      report()
    }
    const evaluate = () => evaluateSequence(mode, sequence, config, model, { onPass, signal })
    scores.push(await (remember ? remember(unit, evaluate) : evaluate()))
    if (done < before + work[i]) onPass(before + work[i] - done)
  }
  return scores
}

/** Which tokens these are: what was kept for others is not taken for them. */
const digestOfIds = ({ buffer, byteOffset, byteLength }: Int32Array): string =>
  createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex')

/**
 * Draws depend on the seed and on the replicate alone, so all window lengths share them.
 */
const BOOTSTRAP = 'perplexity-bootstrap'

function windowResult(
  window: number,
  scores: readonly WindowScore[],
  mode: PerplexityMode,
  config: PerplexityConfig,
  seed: number
): WindowResult {
  const add = (of: (score: WindowScore) => number) => scores.reduce((sum, score) => sum + of(score), 0)
  const nll = add(score => score.nll)
  const bytes = add(score => score.bytes ?? 0)
  const words = add(score => score.words ?? 0)
  return {
    window,
    perplexity: perplexityOf(scores),
    interval: bootstrapInterval(scores, perplexityOf, { resamples: config.resamples, seed, stream: BOOTSTRAP }),
    nll,
    tokens: add(score => score.tokens),
    ...(bytes > 0 && { bytes, bitsPerByte: nll / Math.LN2 / bytes }),
    ...(mode.name === 'lm-eval-rolling' && {
      words,
      wordPerplexity: Math.exp(nll / words),
      bytePerplexity: Math.exp(nll / bytes)
    }),
    minimumContext: Math.min(...scores.map(score => score.minimumContext)),
    positions: mergePositions(scores),
    documents: scores.map(({ nll, tokens, sum, weight, bytes }) =>
      withoutUndefined({ nll, tokens, sum, weight, bytes, perplexity: perplexityOf([{ sum, weight }]) })
    )
  }
}

function metricsOf({
  window,
  perplexity,
  bitsPerByte,
  wordPerplexity,
  bytePerplexity
}: WindowResult): [string, number][] {
  const metrics: [string, number | undefined][] = [
    [metricAt('perplexity', window), perplexity],
    [metricAt('bits-per-byte', window), bitsPerByte],
    [metricAt('word-perplexity', window), wordPerplexity],
    [metricAt('byte-perplexity', window), bytePerplexity]
  ]
  return metrics.filter((metric): metric is [string, number] => metric[1] !== undefined)
}

/** Every length must have something to score before hours are spent on another. */
function checkWindows(
  mode: PerplexityMode,
  sequences: readonly Sequence[],
  config: PerplexityConfig,
  model: LanguageModel
): void {
  for (const [w, window] of config.windows.entries()) {
    if (
      sequences.some(sequence =>
        planSequence(mode, sequence, config, model).some(
          pass => pass.index === w && pass.window.end - pass.window.scored + Number(pass.window.prefix) > 1
        )
      )
    )
      continue
    const tokens = sequences.reduce((sum, { ids }) => sum + ids.length, 0)
    throw new SkipwiseError('PERPLEXITY_NO_DOCUMENTS', {
      problem: `mode ${mode.name} has no window of ${window} in ${tokens} tokens`,
      fix: 'evaluate more text or smaller windows'
    })
  }
}
