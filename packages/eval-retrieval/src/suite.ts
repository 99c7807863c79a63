import { randomStream, type EvalContext, type EvalResult, type LanguageModel } from '@skipwise/core'
import { generatedDigits } from './answer.js'
import type { PasskeyConfig } from './config.js'
import { passkeyDocument, type PasskeyDocument } from './passkey-document.js'
import { wilsonInterval } from './wilson.js'

/** Version of this suite's prompts and arithmetic, the `version` of its results. */
export const PASSKEY_VERSION = 1

/** Rows of the length × depth grid. */
const DEPTH_BANDS = 5

/** One question and what came of it. */
export interface PasskeyTrial {
  /** Real length of BOS, prompt and answer. */
  readonly tokens: number
  /** Share of the noise before the key. */
  readonly depth: number
  /** Tokens before the sentence with the key. */
  readonly keyPosition: number
  readonly key: string
  /** First run of digits that was generated; '' for none. */
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
  readonly depths: readonly { readonly from: number; readonly to: number; readonly trials: number; readonly correct: number }[]
}

/** The `details` of this suite's results. */
export interface PasskeyDetails {
  /** Longest sequence the model's position encoding was made for. */
  readonly maxLength: number
  /** Whether BOS stands before the prompt (the tokenizer's own policy). */
  readonly bos: boolean
  readonly lengths: readonly PasskeyLengthResult[]
}

/** Asks `model` for a hidden key at every length. */
export async function runPasskey(config: PasskeyConfig, model: LanguageModel, context: EvalContext): Promise<EvalResult> {
  // Every length is tried for room first: hours of work must not end in a coded error.
  for (const length of config.lengths) makeDocument(config, model, context.seed, length, 0)
  const lengths: PasskeyLengthResult[] = []
  for (const length of config.lengths) lengths.push(await runLength(length, config, model, context))
  const { tokenizer } = model
  const details: PasskeyDetails = { maxLength: model.maxLength, bos: tokenizer.addBos && tokenizer.bosId !== undefined, lengths }
  return {
    suite: 'passkey',
    version: PASSKEY_VERSION,
    model: model.name,
    config,
    metrics: Object.fromEntries(lengths.map(({ length, accuracy }) => [`passkey@${length}`, accuracy])),
    details
  }
}

async function runLength(length: number, config: PasskeyConfig, model: LanguageModel, context: EvalContext): Promise<PasskeyLengthResult> {
  const trials: PasskeyTrial[] = []
  const report = () => {
    const correct = trials.filter(trial => trial.correct).length
    context.progress?.({
      task: `passkey ${length}`,
      done: trials.length,
      total: config.trials,
      unit: 'trials',
      ...(trials.length > 0 && { metrics: { accuracy: correct / trials.length } })
    })
  }
  report()
  for (let trial = 0; trial < config.trials; trial++) {
    context.signal?.throwIfAborted()
    trials.push(await runTrial(makeDocument(config, model, context.seed, length, trial), config, model, context.signal))
    report()
  }
  const correct = trials.filter(trial => trial.correct).length
  return {
    length,
    trials,
    correct,
    accuracy: correct / trials.length,
    interval: wilsonInterval(correct, trials.length),
    depths: Array.from({ length: DEPTH_BANDS }, (_, band) => {
      const within = trials.filter(({ depth }) => Math.min(Math.floor(depth * DEPTH_BANDS), DEPTH_BANDS - 1) === band)
      return { from: band / DEPTH_BANDS, to: (band + 1) / DEPTH_BANDS, trials: within.length, correct: within.filter(trial => trial.correct).length }
    })
  }
}

type KeyedDocument = PasskeyDocument & { readonly key: string }

/** The document of a trial: a pure function of (seed, length, trial). */
function makeDocument({ digits, noise, maxNewTokens, trials }: PasskeyConfig, model: LanguageModel, seed: number, length: number, trial: number): KeyedDocument {
  const random = randomStream({ seed, stream: 'passkey', epoch: length, index: trial })
  const key = String(random.integer(10 ** (digits - 1), 10 ** digits - 1))
  const depth = (trial + random.uniform()) / trials
  return { key, ...passkeyDocument(model.tokenizer, { length, depth, key, noise, reserve: maxNewTokens ?? 0 }) }
}

async function runTrial(document: KeyedDocument, config: PasskeyConfig, model: LanguageModel, signal: AbortSignal | undefined): Promise<PasskeyTrial> {
  const { tokenizer } = model, { bosId, eosId } = tokenizer
  const prompt = tokenizer.encode(document.prompt), bos = tokenizer.addBos && bosId !== undefined ? [bosId] : []
  const ids = new Int32Array(bos.length + prompt.length)
  ids.set(bos)
  ids.set(prompt, bos.length)
  const tokens = model.generate(ids, {
    maxNewTokens: config.maxNewTokens ?? document.answerTokens,
    temperature: 0,
    ...(eosId !== undefined && { stopIds: [eosId] }),
    ...(signal && { signal })
  })
  const answer = await generatedDigits(tokens, tokenizer)
  return { tokens: document.tokens, depth: document.depth, keyPosition: document.keyPosition, key: document.key, answer, correct: answer === document.key }
}
