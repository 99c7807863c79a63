import type { FedWindow, PerplexityMode } from './modes/mode.js'
import type { WindowScores } from './score.js'

/** Sums over the windows of one length of a sequence. */
export interface SequenceScore {
  /** Σ −log p in nats over everything scored, float64. */
  readonly nll: number
  /** How many were scored. */
  readonly tokens: number
  /** Perplexity is exp(Σ sum / Σ weight): NLL and tokens, or what the mode of a peer makes of them. */
  readonly sum: number
  readonly weight: number
  /**
   * The least number of tokens before a scored one beyond the first window, special token included; of the first window
   * where it is the only one.
   */
  readonly minimumContext: number
  /** The same sums by position. */
  readonly positions: readonly PositionScore[]
}

/** Tokens that had from `from` to `to` − 1 tokens before them in their window, the special token included. */
export interface PositionScore {
  readonly from: number
  readonly to: number
  readonly nll: number
  readonly tokens: number
}

/** The end of the first bucket of positions; each of the following is as long as all before it. */
const FIRST_BUCKET = 64

/** Adds windows up. */
export class Tally {
  #nll = 0
  #tokens = 0
  #sum = 0
  #weight = 0
  #minimumContext: number | undefined
  readonly #buckets = new Map<number, { nll: number; tokens: number }>()

  constructor(private readonly mode: PerplexityMode) {}

  add({ logProbabilities, context }: WindowScores, { begin, weight }: FedWindow): void {
    if (begin > 0) this.#minimumContext = Math.min(this.#minimumContext ?? Infinity, context)
    let nll = 0
    for (let t = 0; t < logProbabilities.length; t++) {
      nll -= logProbabilities[t]
      this.#addPosition(bucketOf(context + t), -logProbabilities[t])
    }
    const tokens = logProbabilities.length
    this.#nll += nll
    this.#tokens += tokens
    if (this.mode.reduce === 'sum') {
      this.#sum += nll
      this.#weight += tokens
    } else if (tokens > 0) {
      this.#sum += (nll / tokens) * weight * Math.log(this.mode.base)
      this.#weight += weight
    }
  }

  #addPosition(index: number, loss: number): void {
    const bucket = this.#buckets.get(index)
    if (!bucket) this.#buckets.set(index, { nll: loss, tokens: 1 })
    else {
      bucket.nll += loss
      bucket.tokens++
    }
  }

  get score(): SequenceScore {
    const positions = [...this.#buckets]
      .sort(([a], [b]) => a - b)
      .map(([k, bucket]) => ({ from: k === 0 ? 0 : FIRST_BUCKET * 2 ** (k - 1), to: FIRST_BUCKET * 2 ** k, ...bucket }))
    return {
      nll: this.#nll,
      tokens: this.#tokens,
      sum: this.#sum,
      weight: this.#weight,
      minimumContext: this.#minimumContext ?? 1,
      positions
    }
  }
}

const bucketOf = (position: number): number =>
  position < FIRST_BUCKET ? 0 : Math.floor(Math.log2(position / FIRST_BUCKET)) + 1

/** exp(Σ sum / Σ weight): token-weighted perplexity, or a peer's. */
export function perplexityOf(scores: readonly Pick<SequenceScore, 'sum' | 'weight'>[]): number {
  let sum = 0
  let weight = 0
  for (const score of scores) {
    sum += score.sum
    weight += score.weight
  }
  return Math.exp(sum / weight)
}

/** Positions of several sequences together, shortest first. */
export function mergePositions(scores: readonly SequenceScore[]): (PositionScore & { readonly perplexity: number })[] {
  const merged = new Map<number, PositionScore>()
  for (const bucket of scores.flatMap(({ positions }) => positions)) {
    const { nll, tokens } = merged.get(bucket.from) ?? { nll: 0, tokens: 0 }
    merged.set(bucket.from, { ...bucket, nll: nll + bucket.nll, tokens: tokens + bucket.tokens })
  }
  return [...merged.values()]
    .sort((a, b) => a.from - b.from)
    .map(bucket => ({ ...bucket, perplexity: Math.exp(bucket.nll / bucket.tokens) }))
}
