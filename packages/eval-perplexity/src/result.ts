import { metricAt, type EvalResult, type MetricSamples } from '@skipwise/core'

/** What was measured at one window length W. */
export interface WindowResult {
  readonly window: number
  /** exp(nll / tokens), or what the mode of a peer makes of the windows. */
  readonly perplexity: number
  /** 95 % document bootstrap interval; null with one document. */
  readonly interval: readonly [number, number] | null
  /** Σ −log p in nats over everything scored. */
  readonly nll: number
  /** Scored tokens: in the modes `sliding` and `pose` the same at every window length, unless truncated. */
  readonly tokens: number
  /** UTF-8 bytes of what was scored, and nll / (ln 2 · bytes); where every token of every document is scored once. */
  readonly bytes?: number
  readonly bitsPerByte?: number
  /** As lm-evaluation-harness reports them, in its mode: e^(nll / words), e^(nll / bytes). */
  readonly words?: number
  readonly wordPerplexity?: number
  readonly bytePerplexity?: number
  /**
   * The least number of tokens, BOS included, before a scored token that is beyond its document's first window: W − S.
   * 1 where there is but one window.
   */
  readonly minimumContext: number
  /** By how many tokens of the window stood before a token, in buckets that double. */
  readonly positions: readonly {
    readonly from: number
    readonly to: number
    readonly nll: number
    readonly tokens: number
    readonly perplexity: number
  }[]
  /** One for each document, in order, or for the stream of all; perplexity is exp(sum / weight). */
  readonly documents: readonly {
    readonly nll: number
    readonly tokens: number
    readonly sum: number
    readonly weight: number
    readonly bytes?: number
    readonly perplexity: number
  }[]
}

/** The `details` of this suite's results. */
export interface PerplexityDetails {
  /** Longest sequence the model's position encoding was made for. */
  readonly maxLength: number
  /** BOS comes before every window, counts in W, and is not scored. */
  readonly bos: boolean
  /** Absent where the window does not move. */
  readonly stride?: number
  readonly documents: readonly { readonly source: string; readonly sha256: string; readonly tokens: number }[]
  /** Documents left out because they are shorter than `config.minTokens`. */
  readonly tooShort: number
  readonly windows: readonly WindowResult[]
}

/** The documents of each perplexity, by their digest; a document that appears twice counts under two ids. */
export function perplexitySamples({ details }: EvalResult): MetricSamples[] {
  const { windows, documents } = details as PerplexityDetails
  const seen = new Map<string, number>()
  const ids = documents.map(({ sha256 }) => {
    const times = (seen.get(sha256) ?? 0) + 1
    seen.set(sha256, times)
    return times === 1 ? sha256 : `${sha256} ${times}`
  })
  return windows.flatMap(({ window, documents }) => {
    const own = (i: number) => (documents.length === ids.length ? ids[i] : 'stream')
    const samples: MetricSamples[] = [
      {
        metric: metricAt('perplexity', window),
        better: 'lower',
        scale: 'exponential',
        units: documents.map(({ sum, weight }, i) => ({ id: own(i), value: sum, weight }))
      }
    ]
    // Bytes are the same for every tokenizer, so these can be compared across them.
    if (documents.every(({ bytes }) => bytes !== undefined)) {
      samples.push({
        metric: metricAt('bits-per-byte', window),
        better: 'lower',
        scale: 'linear',
        units: documents.map(({ nll, bytes }, i) => ({ id: own(i), value: nll / Math.LN2, weight: bytes as number }))
      })
    }
    return samples
  })
}
