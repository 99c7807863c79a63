import { SkipwiseError, type LanguageModel, type Tokenizer } from '@skipwise/core'
import type { Question } from './task.js'
import type { HarnessProfile } from './profiles.js'
import { rstrip } from './python/strings.js'

/** A text whose likelihood after a context is requested. */
export interface Request {
  readonly context: string
  readonly continuation: string
}

/** The requests of a question, one for each choice, after the examples. */
export function requestsOf({ contexts, continuations }: Question, examples: readonly Question[]): Request[] {
  const shots = examples.map(exampleText).join('')
  return Array.from({ length: Math.max(contexts.length, continuations.length) }, (_, choice) => ({
    context: shots + each(contexts, choice),
    continuation: ` ${each(continuations, choice)}`
  }))
}

/** An example with its answer. */
function exampleText({ contexts, continuations, gold }: Question): string {
  const context = each(contexts, gold)
  const answer = each(continuations, gold)
  // The harness joins nothing to an example whose answer is an empty text of its own (WinoGrande's blank at the end of
  // a sentence).
  return contexts.length > 1 && answer === '' ? context : `${context} ${answer}\n\n`
}

/** The text of a choice: there is one for each, or one for all. */
const each = (texts: readonly string[], choice: number): string => texts[texts.length === 1 ? 0 : choice]

/** A request in tokens: the elements of `score(ids)` from `from` on are those of the continuation. */
export interface EncodedRequest {
  /** [n] */
  readonly ids: Int32Array
  readonly from: number
  /** Tokens left out at the beginning, because the model takes no more. */
  readonly truncated: number
}

/**
 * Makes an encoder of requests as the harness has it: spaces at the end of the context go to the continuation, both are
 * encoded together, and the continuation's tokens are those after the number of tokens of the context alone. What is
 * too long is cut at its beginning.
 *
 * @param maxLength tokens that the model takes: one less than a request may have, since its last token is only
 * predicted
 */
export function requestEncoder(
  tokenizer: Tokenizer,
  bos: HarnessProfile['bos'],
  maxLength: number
): (request: Request) => EncodedRequest {
  const { bosId, eosId } = tokenizer
  const addsBos = bos === 'tokenizer' && tokenizer.addBos && bosId !== undefined
  let lastContext: string | undefined
  let lastIds: Int32Array = new Int32Array(0)
  const encode = (text: string): Int32Array => {
    const ids = tokenizer.encode(text)
    // A text that spells BOS has it already.
    return addsBos && ids[0] !== bosId ? Int32Array.of(bosId, ...ids) : ids
  }
  const encodeContext = (context: string): Int32Array => {
    // the choices of a question have one context
    if (context !== lastContext) [lastContext, lastIds] = [context, encode(context)]
    return lastIds
  }
  return ({ context, continuation }) => {
    const kept = rstrip(context)
    const moved = context.slice(kept.length) + continuation
    let ids = encode(kept + moved)
    let before = encodeContext(kept).length
    if (before === 0) {
      const first = bosId ?? eosId
      if (first === undefined)
        throw lengthError(
          'a request without context needs BOS or EOS, and the tokenizer has neither',
          'use a tokenizer that has one'
        )
      if (ids[0] !== first) ids = Int32Array.of(first, ...ids)
      before = 1
    }
    const scored = ids.length - before
    if (scored < 1) throw lengthError(`'${moved}' has no token after its context`, 'check the choices of the data')
    if (scored > maxLength)
      throw lengthError(
        `a choice has ${scored} tokens, more than the ${maxLength} that the model accepts`,
        'check the choices of the data, or use a model with a longer window'
      )
    const truncated = Math.max(0, ids.length - (maxLength + 1))
    return { ids: ids.subarray(truncated), from: before - truncated - 1, truncated }
  }
}

const lengthError = (problem: string, fix: string) => new SkipwiseError('BENCHMARK_LENGTH', { problem, fix })

/**
 * Σ log p of every request's continuation. Requests go to the model in the order of their tokens, so that those which
 * begin alike (the choices of a question, questions with the same preamble) are next to each other, and equal ones are
 * scored once.
 */
export async function scoreRequests(
  model: LanguageModel,
  requests: readonly EncodedRequest[],
  signal?: AbortSignal
): Promise<number[]> {
  const order = requests.map((_, i) => i).sort((a, b) => compareRequests(requests[a], requests[b]))
  const places = new Array<number>(requests.length)
  const distinct: EncodedRequest[] = []
  for (const at of order) {
    if (distinct.length === 0 || compareRequests(distinct[distinct.length - 1], requests[at]) !== 0)
      distinct.push(requests[at])
    places[at] = distinct.length - 1
  }
  const options = signal ? { signal } : {}
  const scores = model.scoreAll ? await model.scoreAll(distinct, options) : await oneByOne(model, distinct, options)
  const sums = scores.map((values, i) => values.subarray(distinct[i].from).reduce((sum, value) => sum + value, 0))
  return places.map(place => sums[place])
}

async function oneByOne(
  model: LanguageModel,
  requests: readonly EncodedRequest[],
  options: { signal?: AbortSignal }
): Promise<Float64Array[]> {
  const scores: Float64Array[] = []
  for (const { ids, from } of requests) scores.push(await model.score(ids, { from, ...options }))
  return scores
}

/** Token by token; what begins another comes before it. */
function compareRequests(a: EncodedRequest, b: EncodedRequest): number {
  const shared = Math.min(a.ids.length, b.ids.length)
  for (let t = 0; t < shared; t++) if (a.ids[t] !== b.ids[t]) return a.ids[t] - b.ids[t]
  return a.ids.length - b.ids.length || a.from - b.from
}
