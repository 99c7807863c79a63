import { metricAt, type EvalContext, type EvalResult, type LanguageModel, type MetricSamples } from '@skipwise/core'
import { wilsonInterval } from '@skipwise/evaluation'
import type { PasskeyConfig } from './config.js'
import { effectiveLength } from './effective-length.js'
import { passkeyQuestions } from './passkey-question.js'
import { bosCount, continueGreedily } from './prompt-ids.js'

/** Version of this suite's prompts and arithmetic, the `version` of its results. */
export const PASSKEY_VERSION = 2

/** Rows of the length × depth grid. */
const DEPTH_BANDS = 5

/** One question and what came of it. */
export interface PasskeyTrial {
  /** Real length of BOS, prompt and answer; of BOS and prompt in the format of a peer. */
  readonly tokens: number
  /** Share of the noise before the key. */
  readonly depth: number
  /** Tokens before the sentence with the key. */
  readonly keyPosition: number
  readonly key: string
  /** First run of digits that was generated, '' for none; the whole text in the format `longlora`. */
  readonly answer: string
  readonly correct: boolean
}

/** What was measured at one length. */
export interface PasskeyLengthResult {
  readonly length: number
  readonly trials: readonly PasskeyTrial[]
  readonly correct: number
  /** correct / trials, in [0, 1]. */
  readonly accuracy: number
  /** 95 % Wilson interval of the accuracy. */
  readonly interval: readonly [number, number]
  /** The length × depth grid's column: trials by depth band [from, to). */
  readonly depths: readonly {
    readonly from: number
    readonly to: number
    readonly trials: number
    readonly correct: number
  }[]
}

/** The `details` of this suite's results. */
export interface PasskeyDetails {
  /** Longest sequence the model's position encoding was made for. */
  readonly maxLength: number
  /** Whether BOS stands before the prompt (the tokenizer's own policy). */
  readonly bos: boolean
  /** The longest length whose accuracy reaches the threshold, 0 for none. */
  readonly effectiveLength: number
  readonly lengths: readonly PasskeyLengthResult[]
}

/** Asks `model` for a hidden key at every length. */
export async function runPasskey(
  config: PasskeyConfig,
  model: LanguageModel,
  context: EvalContext
): Promise<EvalResult> {
  const { tokenizer } = model
  const plans = config.lengths.map(length => ({
    length,
    question: passkeyQuestions(config, tokenizer, context.seed, length)
  }))
  // Every length is tried for room first: hours of work must not end in a coded error.
  for (const { question } of plans) question(0)
  const lengths: PasskeyLengthResult[] = []
  for (const { length, question } of plans)
    lengths.push(await runLength(length, question, config.trials, model, context))
  const effective = effectiveLength(
    lengths.map(({ length, accuracy }) => [length, accuracy]),
    config.threshold
  )
  const details: PasskeyDetails = {
    maxLength: model.maxLength,
    bos: bosCount(tokenizer) === 1,
    effectiveLength: effective,
    lengths
  }
  return {
    suite: 'passkey',
    version: PASSKEY_VERSION,
    model: model.name,
    config,
    metrics: {
      ...Object.fromEntries(lengths.map(({ length, accuracy }) => [metricAt('passkey', length), accuracy])),
      'effective-length': effective
    },
    details
  }
}

async function runLength(
  length: number,
  question: ReturnType<typeof passkeyQuestions>,
  count: number,
  model: LanguageModel,
  { progress, signal, remember }: EvalContext
): Promise<PasskeyLengthResult> {
  const trials: PasskeyTrial[] = []
  const correct = () => trials.filter(trial => trial.correct).length
  const report = () =>
    progress?.({
      task: `passkey ${length}`,
      done: trials.length,
      total: count,
      unit: 'trials',
      ...(trials.length > 0 && { metrics: { accuracy: correct() / trials.length } })
    })
  report()
  for (let trial = 0; trial < count; trial++) {
    signal?.throwIfAborted()
    const ask = async (): Promise<PasskeyTrial> => {
      const { prompt, key, tokens, depth, keyPosition, maxNewTokens, read } = question(trial)
      return { tokens, depth, keyPosition, key, ...(await read(continueGreedily(model, prompt, maxNewTokens, signal))) }
    }
    trials.push(await (remember ? remember(`${metricAt('passkey', length)} ${trial}`, ask) : ask()))
    report()
  }
  return {
    length,
    trials,
    correct: correct(),
    accuracy: correct() / trials.length,
    interval: wilsonInterval(correct(), trials.length),
    depths: Array.from({ length: DEPTH_BANDS }, (_, band) => {
      const within = trials.filter(({ depth }) => Math.min(Math.floor(depth * DEPTH_BANDS), DEPTH_BANDS - 1) === band)
      return {
        from: band / DEPTH_BANDS,
        to: (band + 1) / DEPTH_BANDS,
        trials: within.length,
        correct: within.filter(trial => trial.correct).length
      }
    })
  }
}

/** The trials of each length, by their keys. */
export const passkeySamples = ({ details }: EvalResult): MetricSamples[] =>
  (details as PasskeyDetails).lengths.map(({ length, trials }) => ({
    metric: metricAt('passkey', length),
    better: 'higher',
    scale: 'linear',
    units: trials.map(({ key, correct }, i) => ({ id: `${length} ${i} ${key}`, value: Number(correct), weight: 1 }))
  }))
