import type { LanguageModel } from '@skipwise/core'
import type { EncodedRequest } from './encode-request.js'

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
