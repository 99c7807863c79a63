import { SkipwiseError, type EvalContext, type EvalResult, type LanguageModel } from '@skipwise/core'
import { bootstrapInterval, perplexityOf, type DocumentScore } from './bootstrap.js'
import type { PerplexityConfig } from './config.js'
import { selectDocuments, type EvaluatedDocument } from './documents.js'
import { scoreDocument, windowsOf } from './score.js'

/** Version of this suite's arithmetic, the `version` of its results. */
export const PERPLEXITY_VERSION = 1

/** What was measured at one window length W. */
export interface WindowResult {
  readonly window: number
  /** exp(nll / tokens). */
  readonly perplexity: number
  /** 95 % document bootstrap interval; null with one document. */
  readonly interval: readonly [number, number] | null
  /** Σ −log p in nats. */
  readonly nll: number
  /** Scored tokens: the same at every window length. */
  readonly tokens: number
  /** W − S: the least number of tokens, BOS included, before a scored token that is beyond its document's first window. */
  readonly minimumContext: number
  /** One for each document, in order. */
  readonly documents: readonly { readonly nll: number; readonly tokens: number; readonly perplexity: number }[]
}

/** The `details` of this suite's results. */
export interface PerplexityDetails {
  /** Longest sequence the model's position encoding was made for. */
  readonly maxLength: number
  /** BOS stands before every window, counts in W, and is not scored. */
  readonly bos: boolean
  readonly stride: number
  readonly documents: readonly { readonly source: string; readonly sha256: string; readonly tokens: number }[]
  /** Documents left out because they are shorter than `config.minTokens`. */
  readonly tooShort: number
  readonly windows: readonly WindowResult[]
}

/** Evaluates `model` at every window length, all on the same documents and tokens. */
export async function runPerplexity(config: PerplexityConfig, model: LanguageModel, context: EvalContext): Promise<EvalResult> {
  const bosId = chooseBos(config.bos, model)
  const { documents, tooShort } = await selectDocuments(config, model.tokenizer, bosId === undefined ? 0 : 1, context.resolvePath, context.signal)
  const windows: WindowResult[] = []
  for (const window of config.windows) windows.push(await runWindow(window, bosId, documents, config, model, context))

  const details: PerplexityDetails = {
    maxLength: model.maxLength,
    bos: bosId !== undefined,
    stride: config.stride,
    documents: documents.map(({ source, sha256, ids }) => ({ source, sha256, tokens: ids.length })),
    tooShort,
    windows
  }
  return {
    suite: 'perplexity',
    version: PERPLEXITY_VERSION,
    model: model.name,
    config,
    metrics: Object.fromEntries(windows.map(({ window, perplexity }) => [`perplexity@${window}`, perplexity])),
    details
  }
}

async function runWindow(
  window: number,
  bosId: number | undefined,
  documents: readonly EvaluatedDocument[],
  config: PerplexityConfig,
  model: LanguageModel,
  { progress, seed, signal }: EvalContext
): Promise<WindowResult> {
  const geometry = { window, stride: config.stride, bosId }
  const task = `perplexity ${window}`, total = countFed(documents, geometry)
  const scores: DocumentScore[] = []
  let done = 0
  progress?.({ task, done, total, unit: 'tokens' })
  for (const { ids } of documents) {
    const onWindow = (fed: number) => {
      done += fed
      progress?.({ task, done, total, unit: 'tokens', ...(scores.length > 0 && { metrics: { perplexity: perplexityOf(scores) } }) })
    }
    scores.push(await scoreDocument(model, ids, { ...geometry, onWindow, ...(signal && { signal }) }))
  }
  return {
    window,
    perplexity: perplexityOf(scores),
    interval: bootstrapInterval(scores, config.resamples, seed),
    nll: scores.reduce((sum, score) => sum + score.nll, 0),
    tokens: scores.reduce((sum, score) => sum + score.tokens, 0),
    minimumContext: window - config.stride,
    documents: scores.map(score => ({ ...score, perplexity: perplexityOf([score]) }))
  }
}

/** Tokens the model is given for all windows of all documents, BOS included: the work, of which progress is reported. */
function countFed(documents: readonly EvaluatedDocument[], geometry: { window: number; stride: number; bosId: number | undefined }): number {
  const bos = geometry.bosId === undefined ? 0 : 1
  let fed = 0
  for (const { ids } of documents) for (const { begin, end } of windowsOf(ids.length, geometry)) fed += bos + end - begin
  return fed
}

function chooseBos(policy: PerplexityConfig['bos'], { name, tokenizer }: LanguageModel): number | undefined {
  if (policy === 'never' || (policy === 'tokenizer' && !tokenizer.addBos)) return undefined
  if (tokenizer.bosId === undefined && policy === 'always') {
    throw new SkipwiseError('PERPLEXITY_NO_BOS', { problem: `the tokenizer of ${name} has no BOS token`, fix: "set bos to 'tokenizer' or 'never'" })
  }
  return tokenizer.bosId
}
