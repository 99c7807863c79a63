import {
  definePlugin,
  metricAt,
  randomStream,
  resultOfShard,
  type EvalContext,
  type EvalResult,
  type EvalSuite,
  type LanguageModel,
  type MetricSamples,
  type Tokenizer
} from '@skipwise/core'
import { wilsonInterval } from '@skipwise/evaluation'
import { bosCount, continueGreedily, countTokens, generatedDigits } from './prompts.js'
import { passkeyCharts } from './charts.js'
import { passkeyConfig, type PasskeyConfig } from './config.js'
import { passkeyFormats } from './formats/index.js'
import type { PasskeyFormat } from './formats/format.js'
import { keySentence, passkeyDocument } from './passkey-document.js'
import { effectiveLength, type PasskeyDetails, type PasskeyLengthResult, type PasskeyTrial } from './results.js'

/** A prompt with a pass key, and how its answer is read. */
interface PasskeyQuestion {
  readonly prompt: string
  readonly key: string
  /** Real length of BOS and prompt, and of the answer where its length is known. */
  readonly tokens: number
  /** Share of the noise before the key. */
  readonly depth: number
  /** Tokens before the sentence with the key. */
  readonly keyPosition: number
  readonly maxNewTokens: number
  /** Reads what is generated: the answer, and whether it is the key. */
  read(tokens: AsyncIterable<number>): Promise<{ readonly answer: string; readonly correct: boolean }>
}

/** Makes the questions of a length: each a pure function of seed, length and trial. */
function passkeyQuestions(
  config: PasskeyConfig,
  tokenizer: Tokenizer,
  seed: number,
  length: number
): (trial: number) => PasskeyQuestion {
  const format = passkeyFormats.find(({ name }) => name === config.format)
  if (!format) return trial => ownQuestion(config, tokenizer, seed, length, trial)
  const size = format.noiseSize(length, tokenizer)
  return trial => peerQuestion(format, size, tokenizer, seed, length, trial)
}

const streamOf = (seed: number, length: number, trial: number) =>
  randomStream({ seed, stream: 'passkey', epoch: length, index: trial })

function ownQuestion(
  { digits = 5, noise, maxNewTokens, trials }: PasskeyConfig,
  tokenizer: Tokenizer,
  seed: number,
  length: number,
  trial: number
): PasskeyQuestion {
  const random = streamOf(seed, length, trial)
  const key = String(random.integer(10 ** (digits - 1), 10 ** digits - 1))
  const depth = (trial + random.uniform()) / trials
  const { answerTokens, ...document } = passkeyDocument(tokenizer, {
    length,
    depth,
    key,
    noise,
    reserve: maxNewTokens ?? 0
  })
  return {
    ...document,
    key,
    maxNewTokens: maxNewTokens ?? answerTokens,
    read: async tokens => {
      const answer = await generatedDigits(tokens, tokenizer)
      return { answer, correct: answer === key }
    }
  }
}

function peerQuestion(
  format: PasskeyFormat,
  size: number,
  tokenizer: Tokenizer,
  seed: number,
  length: number,
  trial: number
): PasskeyQuestion {
  const random = streamOf(seed, length, trial)
  const draw = format.draw?.(length, trial) ?? ((low: number, high: number) => random.integer(low, high))
  const { prompt, key, before } = format.prompt(size, draw)
  const ids = tokenizer.encode(key)
  return {
    prompt,
    key,
    tokens: countTokens(tokenizer, prompt),
    depth: before,
    keyPosition: countTokens(tokenizer, prompt.slice(0, prompt.indexOf(keySentence(key)))),
    maxNewTokens: format.maxNewTokens === 'key' ? ids.length : format.maxNewTokens,
    read: tokens => (format.check === 'ids' ? readIds(tokens, tokenizer, ids) : readNumber(tokens, tokenizer, key))
  }
}

/** Scripts compare numbers: 00123 is 123. */
async function readNumber(tokens: AsyncIterable<number>, tokenizer: Tokenizer, key: string) {
  const answer = await generatedDigits(tokens, tokenizer)
  return { answer, correct: answer.replace(/^0+(?=\d)/, '') === key }
}

async function readIds(tokens: AsyncIterable<number>, tokenizer: Tokenizer, expected: Int32Array) {
  const ids: number[] = []
  for await (const id of tokens) ids.push(id)
  return {
    answer: tokenizer.decode(ids),
    correct: ids.length === expected.length && expected.every((id, i) => id === ids[i])
  }
}

/** Version of this suite's prompts and arithmetic, the `version` of its results. */
export const PASSKEY_VERSION = 2

/** Rows of the length × depth grid. */
const DEPTH_BANDS = 5

/** Asks `model` for a hidden key at every length. */
async function runPasskey(config: PasskeyConfig, model: LanguageModel, context: EvalContext): Promise<EvalResult> {
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
  const described = { suite: 'passkey', version: PASSKEY_VERSION, model: model.name, config }
  if (context.only) return resultOfShard(described)
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
    ...described,
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
  { progress, signal, remember, only }: EvalContext
): Promise<PasskeyLengthResult> {
  const trials: PasskeyTrial[] = []
  const correct = () => trials.filter(trial => trial.correct).length
  const report = () =>
    progress?.({
      task: `passkey ${length}`,
      done: trials.length,
      total: count,
      unit: 'trials',
      metrics: trials.length > 0 ? { accuracy: correct() / trials.length } : undefined
    })
  report()
  for (let trial = 0; trial < count; trial++) {
    signal?.throwIfAborted()
    const unit = `${metricAt('passkey', length)} ${trial}`
    if (only?.(unit) === false) continue
    const ask = async (): Promise<PasskeyTrial> => {
      const { prompt, key, tokens, depth, keyPosition, maxNewTokens, read } = question(trial)
      return { tokens, depth, keyPosition, key, ...(await read(continueGreedily(model, prompt, maxNewTokens, signal))) }
    }
    trials.push(await (remember ? remember(unit, ask) : ask()))
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
const passkeySamples = ({ details }: EvalResult): MetricSamples[] =>
  (details as PasskeyDetails).lengths.map(({ length, trials }) => ({
    metric: metricAt('passkey', length),
    better: 'higher',
    scale: 'linear',
    units: trials.map(({ key, correct }, i) => ({ id: `${length} ${i} ${key}`, value: Number(correct), weight: 1 }))
  }))

/**
 * Passkey retrieval: a number hidden in noise of a real token length, at stratified depths, asked for by greedy
 * generation.
 *
 * @example
 * ```ts
 * const suite = passkey({ lengths: [256, 1024] })
 * const result = await suite.run(model, { seed: 0, resolvePath: path => path })
 * console.log(result.metrics['passkey@1024'])
 * ```
 */
export const passkey = definePlugin({
  kind: 'eval-suite',
  name: 'passkey',
  summary: 'Retrieval of a hidden number by real prompt length and depth',
  config: passkeyConfig,
  create: (config): EvalSuite => ({
    run: (model, context) => runPasskey(config, model, context),
    charts: passkeyCharts,
    samples: passkeySamples
  })
})
