import type { ProgressListener } from '../progress.js'
import type { Chart } from './chart.js'
import type { LanguageModel } from './language-model.js'

/** What a suite gets besides the model. */
export interface EvalContext {
  readonly seed: number
  /** Resolves a path of the suite's configuration (relative to the recipe). */
  readonly resolvePath: (path: string) => string
  readonly progress?: ProgressListener | undefined
  readonly signal?: AbortSignal | undefined
  /**
   * Gives the value kept under `key`, or else computes and keeps it. A suite puts each unit of long work in it (a
   * document, a trial), so that an interrupted evaluation continues from there. Keys are unique within a result; values
   * survive JSON. Without it nothing is kept.
   */
  readonly remember?: (<Value>(key: string, compute: () => Promise<Value>) => Promise<Value>) | undefined
  /**
   * Whether the unit kept under `key` is to be computed here: a suite that supports shards asks for every unit, once,
   * in their order, and leaves out the others. Its result is then not used: see `resultOfShard`. Without it all are.
   */
  readonly only?: ((key: string) => boolean) | undefined
}

/** The result of a suite that computed some units for others to put together, see {@link EvalContext.only}. */
export const resultOfShard = (result: Omit<EvalResult, 'metrics' | 'details'>): EvalResult => ({
  ...result,
  metrics: {},
  details: {}
})

/** A versioned result: everything needed to read and to repeat it. */
export interface EvalResult {
  readonly suite: string
  /** Version of this suite's arithmetic; a change of numbers changes it. */
  readonly version: number
  readonly model: string
  /** The validated configuration that was run. */
  readonly config: Readonly<Record<string, unknown>>
  /** Headline numbers, flat, for tables: `{ 'perplexity@4096': 5.31 }`. */
  readonly metrics: Readonly<Record<string, number>>
  /** Everything measured, JSON. */
  readonly details: unknown
}

/**
 * What one metric is made of, so that two results can be compared in pairs: Σ value / Σ weight over the units, and
 * where `scale` is `'exponential'` the exponential of that.
 */
export interface MetricSamples {
  /** Its name in `metrics`. */
  readonly metric: string
  readonly better: 'higher' | 'lower'
  readonly scale: 'linear' | 'exponential'
  /** Units, each under an id that names the document or question and is the same for every model. */
  readonly units: readonly { readonly id: string; readonly value: number; readonly weight: number }[]
}

/** An evaluation suite over the {@link LanguageModel} contract. */
export interface EvalSuite {
  run(model: LanguageModel, context: EvalContext): Promise<EvalResult>
  /**
   * Charts that compare results of this suite, one series for each result, in the order given; the first has the
   * headline metric by length.
   */
  charts(results: readonly EvalResult[]): readonly Chart[]
  /**
   * The units that the metrics of a result are made of; a suite without them cannot be compared by
   * `skipwise eval --compare`.
   */
  samples?(result: EvalResult): readonly MetricSamples[]
}
